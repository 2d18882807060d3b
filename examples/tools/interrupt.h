#ifndef TOOLS_INTERRUPT_H
#define TOOLS_INTERRUPT_H
/* SIGINT and SIGTERM as a call from a thread that waits for them, so that anything may be done. */
#include <signal.h>
#include <stdbool.h>

/* Before any other thread begins. asked is called on a thread of its own, once per signal; the
 * second one ends the process as if nobody had listened. false: no thread could be made. */
bool interrupt_watch(void (*asked)(void *ctx), void *ctx);
/* The second signal calls this instead, and the third one ends the process. */
void interrupt_again(void (*again)(void *ctx));
/* asked is not called from here on, and is not being called: what it uses may go. */
void interrupt_forget(void);
bool interrupt_was_asked(void);
int interrupt_signal(void); /* the first one; 0: none yet */
#endif

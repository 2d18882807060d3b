#ifndef TOOLS_S3CP_COMMAND_H
#define TOOLS_S3CP_COMMAND_H
/* A command whose output is copied as if it came by standard input, with what a pipe of the shell
 * cannot do: its end is only an end when the command says that it went well. */
#include <sigv4/loop.h>

struct command;
/* Runs text with sh; standard input is its output from here on. loop is woken when it failed. NULL:
 * errno. */
struct command *command_begin(const char *text, struct sigv4_loop *loop);
/* The loop may go; a command that still runs is asked to end (SIGTERM). NULL is fine. */
void command_release(struct command *c);
/* How it failed, for people; NULL: it runs, or went well. */
const char *command_failure(const struct command *c);
#endif

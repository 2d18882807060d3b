#ifndef HISTORY_LIVE_H
#define HISTORY_LIVE_H
/* A klocal of this process's own, and what the histories ask of it: streams, shards that are split
 * and merged, faults, the clock, what is in a stream. What must work and does not ends the program.
 */
#include "history/history.h"

#include <kinesis/kinesis.h>

void live_need(bool ok, const char *what);
/* false: there is no klocal. args: words for it, NULL at the end; NULL: none. */
bool live_start(const char *const *args);
void live_stop(void);

/* klocal's own pages. */
void live_tell(const char *path, const char *body);
/* These may not come through when there is a limit of connections. */
void live_expire_sessions(void);
void live_set_clock_ms(long long skew_ms);
void live_forget_faults(void); /* and the clock is right again */

/* How a call ended that was started by rc. */
int live_finish(int rc, struct sigv4_call *call, const int *status);

struct live_client {
    struct sigv4_loop *loop;
    struct sigv4_client *client;
};
/* sessions: with keys of the container endpoint, which can expire. stall_ms: how long it waits for
 * the rest of a broken answer; 0: as always. log may be NULL. */
void live_open(struct live_client *c, bool sessions, uint32_t stall_ms,
               const struct sigv4_log *log);
void live_close(struct live_client *c);

struct live_shard {
    char id[40], first[48], last[48], parents[2][40];
    bool open;
};
struct live_shards {
    struct live_shard list[256];
    size_t count;
    int status;
};
void live_make_stream(struct sigv4_client *client, const char *stream, unsigned shards);
/* None: it could not be asked. Free it. */
struct live_shards *live_list(struct sigv4_client *client, const char *stream);
/* Some open shard, if that can be done now. */
bool live_split(struct sigv4_client *client, const char *stream, uint64_t *seed);
bool live_merge(struct sigv4_client *client, const char *stream, uint64_t *seed);
/* All that is in the stream becomes the history's. */
void live_look(struct sigv4_client *client, const char *stream, struct history *h);
#endif

#ifndef RIG_MEMBERS_H
#define RIG_MEMBERS_H
/* A reader of aggregates for tests, written apart from the library's: what a KCL would deliver. */
#include "flow/rig_stream.h"

struct rig_member {
    char key[1100], hash_key[48]; /* hash_key "": none */
    const char *data;             /* not terminated */
    size_t len;
};
/* How many members data has; 0: it is no aggregate. out: at most cap. Aborts when it is damaged. */
size_t rig_members(const char *data, size_t len, struct rig_member *out, size_t cap);
/* Would a KCL drop it: does any member not belong to this range of hashes? */
bool rig_is_outside(const char *data, size_t len, const char *first, const char *last);
bool rig_is_dropped(const struct fake_stream *s, const struct fake_written *w);
#endif

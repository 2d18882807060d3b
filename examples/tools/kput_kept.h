#ifndef TOOLS_KPUT_KEPT_H
#define TOOLS_KPUT_KEPT_H
/* The file of --failed: a first line that says what it is, then a JSON object per record with the
 * AWS member names, the data in base64. kput reads such a file back as records with their keys.
 *
 *     {"kput":"records that were not written","version":1}
 *     {"PartitionKey":"adam","Data":"b25l","Error":"ThrottlingException"}
 *     {"ExplicitHashKey":"0","Data":"dHdv","Error":"...","MaybeWritten":true}
 *     {"Raw":"bm8ga2V5","Error":"..."}           as it was read: it could not be taken apart
 */
#include <pthread.h>
#include <sigv4/types.h>
#include <stdio.h>

struct kept_record {
    struct sigv4_slice key, hash_key; /* empty: none */
    struct sigv4_slice data;
    struct sigv4_slice line; /* as it was read, where the key was a part of it */
    uint64_t number;         /* of the record in the input */
    const char *error;       /* why it was not written */
    bool maybe, raw;
};

/* Lines whose records follow one another in the input. */
struct kept_run {
    uint64_t first, last;
    long begin, end; /* in the file */
};

struct kept {
    const char *path; /* as given */
    char *target;     /* what is replaced at the end; NULL: written as it is (a pipe, a device) */
    char *part;       /* what is written until then */
    FILE *file;
    pthread_mutex_t mutex; /* of the file, and of: */
    uint64_t count;
    struct kept_run *runs;
    size_t run_count, run_cap;
    bool disordered; /* results came in another order than the records */
    int error;       /* the first errno */
    char *left;      /* after an error: the file with what could be kept; free it. NULL: none */
};

/* Nothing is changed at path yet. Returns 0 or an errno. */
int kept_open(struct kept *k, const char *path);
/* @thread any. */
void kept_add(struct kept *k, const struct kept_record *record);
/* Puts the new file in the place of the old one: the records in the order of the input; empty when
 * none was added. Returns 0 or an errno, which is of the first thing that went wrong. */
int kept_close(struct kept *k);
/* Leaves what is at path as it was. */
void kept_drop(struct kept *k);

/* The first line of such a file. */
struct sigv4_slice kept_head(void);
/* Takes a line apart in place; *memory is to be freed after the record was used. 1: a record;
 * 0: another first line (such files may be joined); negative: not a line of such a file. */
int kept_parse(struct sigv4_slice line, struct kept_record *out, void **memory);
void kept_free(void *memory);
#endif

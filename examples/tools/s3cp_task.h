#ifndef TOOLS_S3CP_TASK_H
#define TOOLS_S3CP_TASK_H
/* One of the tasks that share the files of a copy:
 *
 *   free --found--> (--update: looks at source and target) --> transfer --done--> free
 */
#include "s3cp_find.h"

struct copies;
struct task {
    struct copies *all;
    bool busy;
    struct item item;
    struct sigv4_call *call;
    uint64_t told; /* bytes in the progress */
    bool told_of_store;
    char *token_place, *token;
};
struct command;
struct copies {
    struct s3cp *run;
    struct command *command; /* NULL: none */
    struct finder *finder, *counter;
    struct task *tasks;
    size_t task_count, busy;
    bool pumping, stopping, over, told_of_no_place;
    struct location *sources;
    bool many; /* files, not one: they reach the disk together at the end */
};
/* The task has an item: what it leads to is told when it is over; perhaps before this returns. */
void task_begin(struct task *t);

/* ---- of all of them ---- */

void copies_pump(struct copies *c); /* free tasks get the next files */
void copies_stop(struct copies *c); /* nothing new is begun, what is under way is canceled */
#endif

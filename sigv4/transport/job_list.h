#ifndef TRANSPORT_JOB_LIST_H
#define TRANSPORT_JOB_LIST_H
/* A first-in first-out list of jobs, linked through the jobs themselves: joining it cannot fail.
 * Zeroed memory is an empty one. */
#include <sigv4/loop.h>

struct sigv4__job_list {
    struct sigv4_job *first, *last;
};

bool sigv4__job_list_empty(const struct sigv4__job_list *list);
void sigv4__job_list_append(struct sigv4__job_list *list, struct sigv4_job *job);
/* Moves all jobs to the list returned: what is appended from now on waits for the next time. */
struct sigv4__job_list sigv4__job_list_take(struct sigv4__job_list *list);
/* Runs the jobs in order; each may append itself anew. Returns how many. */
size_t sigv4__job_list_run(struct sigv4__job_list list);
#endif

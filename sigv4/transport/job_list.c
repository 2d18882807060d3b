/* Jobs in the order in which they came. */
#include "transport/job_list.h"

bool sigv4__job_list_empty(const struct sigv4__job_list *list)
{
    return !list->first;
}

void sigv4__job_list_append(struct sigv4__job_list *list, struct sigv4_job *job)
{
    job->next = NULL;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
}

struct sigv4__job_list sigv4__job_list_take(struct sigv4__job_list *list)
{
    struct sigv4__job_list taken = *list;
    list->first = list->last = NULL;
    return taken;
}

size_t sigv4__job_list_run(struct sigv4__job_list list)
{
    size_t n = 0;
    while (list.first) {
        struct sigv4_job *job = list.first;
        list.first = job->next; /* the job may post itself again */
        job->run(job);
        n++;
    }
    return n;
}

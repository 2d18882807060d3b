/* The options of the bench programs, the same for all. */
#include "plan.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const struct option options[] = {
    {"url", 1, NULL, 'u'},      {"ca", 1, NULL, 'a'},       {"size", 1, NULL, 's'},
    {"records", 1, NULL, 'n'},  {"seconds", 1, NULL, 't'},  {"batch", 1, NULL, 'b'},
    {"keys", 1, NULL, 'k'},     {"buffered", 1, NULL, 'm'}, {"batch-bytes", 1, NULL, 'B'},
    {"requests", 1, NULL, 'r'}, {"core", 1, NULL, 'c'},     {"connections", 1, NULL, 'C'},
    {NULL, 0, NULL, 0},
};

static size_t *number_of(struct plan *p, int id)
{
    switch (id) {
    case 's':
        return &p->size;
    case 'n':
        return &p->records;
    case 'b':
        return &p->batch;
    case 'k':
        return &p->keys;
    case 'm':
        return &p->buffered;
    case 'B':
        return &p->batch_bytes;
    case 'r':
        return &p->requests;
    default:
        return NULL;
    }
}

static void set(struct plan *p, int id, const char *usage)
{
    size_t *number = number_of(p, id);
    if (number)
        *number = strtoull(optarg, NULL, 10);
    else if (id == 'u')
        p->url = optarg;
    else if (id == 'a')
        p->ca = optarg;
    else if (id == 't')
        p->seconds = atof(optarg);
    else if (id == 'c')
        p->core = atoi(optarg);
    else if (id == 'C')
        p->connections = atoi(optarg);
    else {
        fputs(usage, stderr);
        exit(2);
    }
}

void plan_read(struct plan *p, int argc, char **argv, const char *usage)
{
    int id;
    *p = (struct plan){.size = 1024,
                       .seconds = 1,
                       .batch = 500,
                       .keys = 1000,
                       .requests = 4,
                       .connections = 1,
                       .core = -1};
    while ((id = getopt_long(argc, argv, "", options, NULL)) != -1)
        set(p, id, usage);
    if (optind != argc - 1 || p->size == 0 || p->batch == 0) {
        fputs(usage, stderr);
        exit(2);
    }
    p->what = argv[optind];
}

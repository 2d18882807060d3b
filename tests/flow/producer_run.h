#ifndef FLOW_PRODUCER_RUN_H
#define FLOW_PRODUCER_RUN_H
/* For tests of a producer on a healthy stream: the steps of a run, each of which must succeed. */
#include "flow/rig_producer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static inline void start(struct rig *rig, size_t capacity, unsigned shards)
{
    rig_init(rig, capacity, shards, NULL, NULL);
}

static inline void opened(struct rig *rig)
{
    assert_int_equal(rig_open(rig, NULL), 0);
}

static inline size_t put(struct rig *rig, const char *key, const char *data)
{
    int rc;
    size_t tag = rig_put(rig, key, data, &rc);
    assert_int_equal(rc, 0);
    return tag;
}

static inline void finished(struct rig *rig)
{
    assert_true(rig_run(rig));
    assert_true(rig_each_told_once(rig));
    rig_end(rig);
}
#endif

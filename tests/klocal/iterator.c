/* Shard iterators. */
#include "iterator.h"

#include <stdio.h>
#include <stdlib.h>

#include "token.h"

char *iterator_write(const struct klocal *klocal, const struct iterator *iterator)
{
    char text[128];
    /* Padded to the length of the service's iterators, so that nobody relies on short ones. */
    snprintf(text, sizeof text, "%020llu %010u %020llu %020lld %40s",
             (unsigned long long)iterator->stream_id, iterator->shard,
             (unsigned long long)iterator->position, (long long)iterator->created_ms, "");
    return token_seal(klocal, "iterator", text);
}

bool iterator_read(const struct klocal *klocal, const char *text, struct iterator *iterator)
{
    unsigned long long stream = 0, position = 0;
    long long created = 0;
    char *plain = token_open(klocal, "iterator", text);
    if (plain == NULL)
        return false;
    int n = sscanf(plain, "%llu %u %llu %lld", &stream, &iterator->shard, &position, &created);
    free(plain);
    iterator->stream_id = stream;
    iterator->position = position;
    iterator->created_ms = created;
    return n == 4;
}

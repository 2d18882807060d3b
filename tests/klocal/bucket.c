/* Buckets, their objects in the order of the bytes of their keys, and their uploads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "s3.h"

static size_t find_bucket(const struct klocal *klocal, const char *name)
{
    size_t low = 0, high = klocal->bucket_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(klocal->buckets[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct bucket *bucket_find(struct klocal *klocal, const char *name)
{
    size_t i = find_bucket(klocal, name);
    bool found = i < klocal->bucket_count && strcmp(klocal->buckets[i]->name, name) == 0;
    return found ? klocal->buckets[i] : NULL;
}

struct bucket *bucket_create(struct klocal *klocal, const char *name, const char *region)
{
    size_t at = find_bucket(klocal, name);
    struct bucket *bucket = memory_take(1, sizeof *bucket);
    bucket->name = memory_string(name);
    bucket->region = memory_string(region);
    bucket->created_ms = clock_service_ms(&klocal->clock);
    klocal->buckets =
        memory_grow(klocal->buckets, klocal->bucket_count + 1, sizeof(struct bucket *));
    memmove(klocal->buckets + at + 1, klocal->buckets + at,
            (klocal->bucket_count - at) * sizeof(struct bucket *));
    klocal->buckets[at] = bucket;
    klocal->bucket_count++;
    return bucket;
}

void object_free(struct object *object)
{
    if (object == NULL)
        return;
    free(object->key);
    content_release(object->content);
    header_list_free(&object->headers);
    free(object->part_sums);
    free(object);
}

struct object *object_new(const char *key, size_t length)
{
    struct object *object = memory_take(1, sizeof *object);
    object->key = memory_copy(key, length);
    object->key_length = length;
    return object;
}

void upload_free(struct upload *upload)
{
    for (size_t i = 0; i < upload->part_count; i++)
        blob_release(upload->parts[i].blob);
    free(upload->parts);
    free(upload->key);
    header_list_free(&upload->headers);
    free(upload);
}

static void bucket_free(struct bucket *bucket)
{
    for (size_t i = 0; i < bucket->object_count; i++)
        object_free(bucket->objects[i]);
    for (size_t i = 0; i < bucket->upload_count; i++)
        upload_free(bucket->uploads[i]);
    free(bucket->objects);
    free(bucket->uploads);
    free(bucket->name);
    free(bucket->region);
    free(bucket);
}

void bucket_remove(struct klocal *klocal, struct bucket *bucket)
{
    size_t i = find_bucket(klocal, bucket->name);
    klocal->bucket_count--;
    memmove(klocal->buckets + i, klocal->buckets + i + 1,
            (klocal->bucket_count - i) * sizeof(struct bucket *));
    bucket_free(bucket);
}

static int compare(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t shorter = a_length < b_length ? a_length : b_length;
    int order = memcmp(a, b, shorter);
    return order != 0 ? order : a_length < b_length ? -1 : a_length > b_length;
}

size_t bucket_lower_bound(const struct bucket *bucket, const char *key, size_t length)
{
    size_t low = 0, high = bucket->object_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct object *object = bucket->objects[middle];
        if (compare(object->key, object->key_length, key, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct bucket *bucket, size_t i, const char *key, size_t length)
{
    return i < bucket->object_count &&
           compare(bucket->objects[i]->key, bucket->objects[i]->key_length, key, length) == 0;
}

struct object *bucket_object(const struct bucket *bucket, const char *key, size_t length)
{
    size_t i = bucket_lower_bound(bucket, key, length);
    return is_at(bucket, i, key, length) ? bucket->objects[i] : NULL;
}

void bucket_put_object(struct bucket *bucket, struct object *object)
{
    size_t i = bucket_lower_bound(bucket, object->key, object->key_length);
    if (is_at(bucket, i, object->key, object->key_length)) {
        object_free(bucket->objects[i]);
        bucket->objects[i] = object;
        return;
    }
    if (bucket->object_count == bucket->object_capacity) {
        bucket->object_capacity = bucket->object_capacity == 0 ? 64 : bucket->object_capacity * 2;
        bucket->objects =
            memory_grow(bucket->objects, bucket->object_capacity, sizeof(struct object *));
    }
    memmove(bucket->objects + i + 1, bucket->objects + i,
            (bucket->object_count - i) * sizeof(struct object *));
    bucket->objects[i] = object;
    bucket->object_count++;
}

bool bucket_delete_object(struct bucket *bucket, const char *key, size_t length)
{
    size_t i = bucket_lower_bound(bucket, key, length);
    if (!is_at(bucket, i, key, length))
        return false;
    object_free(bucket->objects[i]);
    bucket->object_count--;
    memmove(bucket->objects + i, bucket->objects + i + 1,
            (bucket->object_count - i) * sizeof(struct object *));
    return true;
}

struct upload *bucket_upload(const struct bucket *bucket, const char *id, const char *key,
                             size_t length)
{
    for (size_t i = 0; i < bucket->upload_count; i++) {
        struct upload *upload = bucket->uploads[i];
        if (strcmp(upload->id, id) == 0 &&
            compare(upload->key, upload->key_length, key, length) == 0)
            return upload;
    }
    return NULL;
}

void bucket_add_upload(struct bucket *bucket, struct upload *upload)
{
    size_t i = 0;
    while (i < bucket->upload_count &&
           compare(bucket->uploads[i]->key, bucket->uploads[i]->key_length, upload->key,
                   upload->key_length) <= 0)
        i++;
    bucket->uploads =
        memory_grow(bucket->uploads, bucket->upload_count + 1, sizeof(struct upload *));
    memmove(bucket->uploads + i + 1, bucket->uploads + i,
            (bucket->upload_count - i) * sizeof(struct upload *));
    bucket->uploads[i] = upload;
    bucket->upload_count++;
}

void bucket_remove_upload(struct bucket *bucket, struct upload *upload)
{
    for (size_t i = 0; i < bucket->upload_count; i++) {
        if (bucket->uploads[i] != upload)
            continue;
        bucket->upload_count--;
        memmove(bucket->uploads + i, bucket->uploads + i + 1,
                (bucket->upload_count - i) * sizeof(struct upload *));
        break;
    }
    upload_free(upload);
}

void s3_reset(struct klocal *klocal)
{
    for (size_t i = 0; i < klocal->bucket_count; i++)
        bucket_free(klocal->buckets[i]);
    free(klocal->buckets);
    klocal->buckets = NULL;
    klocal->bucket_count = 0;
}

void s3_put_state(struct klocal *klocal, struct text *out)
{
    for (size_t i = 0; i < klocal->bucket_count; i++) {
        const struct bucket *bucket = klocal->buckets[i];
        uint64_t bytes = 0;
        size_t parts = 0;
        for (size_t j = 0; j < bucket->object_count; j++)
            bytes += content_size(bucket->objects[j]->content);
        for (size_t j = 0; j < bucket->upload_count; j++)
            parts += bucket->uploads[j]->part_count;
        text_printf(out,
                    "%s{\"Name\":\"%s\",\"Region\":\"%s\",\"Objects\":%zu,\"Bytes\":%llu,"
                    "\"Uploads\":%zu,\"Parts\":%zu}",
                    i > 0 ? "," : "", bucket->name, bucket->region, bucket->object_count,
                    (unsigned long long)bytes, bucket->upload_count, parts);
    }
}

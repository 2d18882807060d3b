#ifndef RIG_S3_INSIDE_H
#define RIG_S3_INSIDE_H
/* Inside the fake bucket: what it holds, and how a request is carried out. */
#include "flow/rig_s3_bucket.h"

enum { OBJECTS = 16, UPLOADS = 8, PARTS = 64, FAULTS = 16, OPERATIONS = 16 };

struct blob {
    char *bytes;
    size_t len;
    char etag[64];
    uint64_t crc;
    bool there;
};
struct object {
    char key[64], headers[1024];
    struct blob blob;
};
struct upload {
    char key[64], headers[1024];
    bool open;
    struct blob parts[PARTS];
};
struct fake_bucket {
    struct fake *fake;
    struct object objects[OBJECTS];
    struct upload uploads[UPLOADS];
    unsigned upload_count;
    struct fake_fault faults[FAULTS];
    size_t fault_count;
    struct {
        const char *name;
        unsigned count;
    } seen[OPERATIONS];
    int delay_ms;
    bool plain;
    /* The answer being made. */
    char headers[2048], body[16384];
    char *large;
};

void fake__md5_hex(const void *bytes, size_t n, unsigned char raw[16], char *hex);
void fake__blob_set(struct fake_bucket *b, struct blob *blob, const char *bytes, size_t n);
struct object *fake__find(struct fake_bucket *b, const char *key); /* NULL: none */
struct object *fake__find_or_make(struct fake_bucket *b, const char *key);
struct upload *fake__find_upload(struct fake_bucket *b, const char *url);
void fake__close_upload(struct upload *u);
/* The value of a query parameter, decoded no further. */
bool fake__parameter(const char *url, const char *name, char *out, size_t cap);

void fake__refuse(struct fake_bucket *b, struct fake_answer *a, int status, const char *code);
/* operation: "PutObject". */
void fake__carry_out(struct fake_bucket *b, const char *operation, const char *key,
                     const struct fake_request *r, struct fake_answer *a);
#endif

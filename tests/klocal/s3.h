/* S3: its state, and what its operations share. */
#ifndef KLOCAL_S3_H
#define KLOCAL_S3_H

#include "content.h"
#include "request.h"
#include "s3_state.h"

#define S3_NAMESPACE  "http://s3.amazonaws.com/doc/2006-03-01/"
#define S3_OBJECT_MAX ((uint64_t)5 << 30)
#define S3_ETAG_SIZE  48

struct s3_sum {
    enum checksum_kind kind;
    bool composite;
    char text[CHECKSUM_TEXT_SIZE];
};

struct object {
    char *key;
    size_t key_length;
    struct content *content;
    char etag[S3_ETAG_SIZE]; /* without quotes */
    struct s3_sum sum;
    int64_t modified_ms;
    struct header_list headers; /* Content-*, Cache-Control, Expires, x-amz-* to give back */
    unsigned part_count;        /* 0: not multipart */
    char (*part_sums)[CHECKSUM_TEXT_SIZE];
};

struct part {
    unsigned number;
    struct blob *blob;
    unsigned char md5[16];
    char etag[33];
    struct s3_sum sum;
    int64_t modified_ms;
};

struct upload {
    char id[65];
    char *key;
    size_t key_length;
    int64_t initiated_ms;
    struct header_list headers;
    enum checksum_kind kind; /* CHECKSUM_NONE: not declared */
    bool composite;
    struct part *parts; /* by number */
    size_t part_count;
};

struct bucket {
    char *name;
    char *region;
    int64_t created_ms;
    struct object **objects; /* by key, as bytes */
    size_t object_count;
    size_t object_capacity;
    struct upload **uploads; /* by key, then by time */
    size_t upload_count;
};

enum s3_payload { S3_PAYLOAD_HASHED, S3_PAYLOAD_UNSIGNED, S3_PAYLOAD_CHUNKED };

struct s3_operation;

struct s3_call {
    struct klocal *klocal;
    struct request *request;
    struct text *out; /* the response body */
    const struct s3_operation *operation;
    char *bucket; /* "" for none */
    char *key;    /* "" for none */
    size_t key_length;
    bool virtual_host;
    enum s3_payload payload;
    struct header_list headers;  /* of the request, and x-amz-* of a presigned query */
    enum checksum_kind sum_kind; /* declared by header or trailer */
    const char *sum_text;        /* by header */
    struct text extra;           /* elements for an error answer */
};

enum s3_level { S3_SERVICE, S3_BUCKET, S3_OBJECT };
enum s3_body { S3_BODY_NONE, S3_BODY_XML, S3_BODY_DATA };

typedef void s3_operation_fn(struct s3_call *call);

struct s3_operation {
    const char *name;
    const char *method;
    enum s3_level level;
    const char *subresource; /* NULL: none */
    bool copies;             /* has x-amz-copy-source */
    enum s3_body body;
    s3_operation_fn *run;
};

s3_operation_fn s3_list_buckets, s3_create_bucket, s3_delete_bucket, s3_head_bucket,
    s3_get_bucket_location, s3_get_bucket_versioning;
s3_operation_fn s3_put_object, s3_get_object, s3_head_object, s3_delete_object, s3_delete_objects,
    s3_copy_object;
s3_operation_fn s3_list_objects;
s3_operation_fn s3_get_tagging, s3_put_tagging, s3_delete_tagging;
s3_operation_fn s3_create_upload, s3_upload_part, s3_upload_part_copy, s3_complete_upload,
    s3_abort_upload, s3_list_parts, s3_list_uploads;

/* s3_address.c: bucket and key from host and path; the operation from method and query. */
void s3_read_address(struct s3_call *call);
const char *s3_subresource(const struct request *request);
bool s3_good_bucket_name(const char *name);

/* s3_auth.c: false after refusing. */
bool s3_authorize(struct s3_call *call, struct sigv4_result *result);

/* s3_error.c */
void s3_fail(struct s3_call *call, unsigned status, const char *code, const char *message);
bool s3_refuse(struct s3_call *call, const char *code, const char *message);
bool s3_refuse_signature(struct s3_call *call, const struct sigv4_result *result);
void s3_set_headers(struct s3_call *call);
void s3_open_xml(struct s3_call *call, const char *root);

/* s3_checksum.c */
bool s3_read_checksum(struct s3_call *call);   /* what is declared, before the body */
bool s3_verify_checksum(struct s3_call *call); /* after the body */
bool s3_verify_md5(struct s3_call *call);
void s3_put_sum_element(struct text *out, const struct s3_sum *sum);
void s3_put_sum_headers(struct response *response, const struct s3_sum *sum);
/* By reading the content. */
bool s3_sum_content(const struct content *content, enum checksum_kind kind,
                    char out[CHECKSUM_TEXT_SIZE]);

/* s3_headers.c */
bool s3_take_headers(struct s3_call *call, struct header_list *out); /* to be stored */
void s3_give_headers(struct s3_call *call, const struct object *object);
const char *s3_storage_class(const struct header_list *headers);

/* s3_condition.c */
bool s3_etag_matches(const char *list, const char *etag);
/* If-Match and If-None-Match of a write; object NULL: there is none yet. */
bool s3_check_write(struct s3_call *call, const struct object *object);

/* bucket.c: the lock is held. */
struct bucket *bucket_find(struct klocal *klocal, const char *name);
struct bucket *bucket_create(struct klocal *klocal, const char *name, const char *region);
void bucket_remove(struct klocal *klocal, struct bucket *bucket);
size_t bucket_lower_bound(const struct bucket *bucket, const char *key, size_t length);
struct object *bucket_object(const struct bucket *bucket, const char *key, size_t length);
void bucket_put_object(struct bucket *bucket, struct object *object); /* replaces */
bool bucket_delete_object(struct bucket *bucket, const char *key, size_t length);
struct object *object_new(const char *key, size_t length);
void object_free(struct object *object);
struct upload *bucket_upload(const struct bucket *bucket, const char *id, const char *key,
                             size_t length);
void bucket_add_upload(struct bucket *bucket, struct upload *upload);
void bucket_remove_upload(struct bucket *bucket, struct upload *upload);
void upload_free(struct upload *upload);

/* s3_multipart.c: the upload of the call, or NULL after refusing. */
struct upload *s3_upload(struct s3_call *call, struct bucket **bucket);
/* The checksum a part will need. Takes the lock. */
enum checksum_kind s3_upload_sum(struct s3_call *call);

/* The bucket of the call, or NULL after refusing. */
struct bucket *s3_bucket(struct s3_call *call);
const char *s3_header(const struct s3_call *call, const char *name);
const char *s3_param(const struct s3_call *call, const char *name);

#endif

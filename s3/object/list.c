/* s3_list, s3_list_buckets, s3_multipart_parts: what is listed, and how one entry is told. */
#include "base/fail.h"
#include "object/pages.h"

#include <s3/address.h>
#include <stdio.h>

static int missing(const char *operation, struct sigv4_error *err)
{
    return sigv4__fail(err, SIGV4_E_INVALID, "%s: a callback is missing", operation);
}

/* ---- objects ---- */

static enum sigv4_flow tell_object(struct s3__pages *pages, size_t i)
{
    struct s3_list_entry entry = s3__page_object(&pages->page, i);
    return pages->on_entry(pages->op.ctx, &entry);
}

/* Keys come form-encoded, because XML cannot carry every byte a key may have. */
static int ask_for_objects(struct s3__request *r, const struct s3_list *list,
                           struct sigv4_error *err)
{
    char number[16];
    if (list->page_size > 1000)
        return sigv4__fail(err, SIGV4_E_INVALID, "%s: a page has at most 1000 entries",
                           r->operation);
    s3__request_query(r, "list-type", SIGV4_LIT("2"));
    s3__request_query(r, "encoding-type", SIGV4_LIT("url"));
    s3__request_query(r, "prefix", sigv4_str(list->prefix));
    s3__request_query(r, "delimiter", sigv4_str(list->delimiter));
    s3__request_query(r, "start-after", sigv4_str(list->start_after));
    if (list->page_size) {
        snprintf(number, sizeof number, "%u", (unsigned)list->page_size);
        s3__request_query(r, "max-keys", sigv4_str(number));
    }
    return s3__request_at(r, list->bucket, NULL, err);
}

int s3_list(struct s3_client *client, const struct s3_list *list, struct sigv4_call **call,
            struct sigv4_error *err)
{
    struct s3__pages *pages;
    if (!list->on_entry || !list->on_done)
        return missing("ListObjectsV2", err);
    int status = s3__pages_new(&pages, client, "ListObjectsV2", S3__PAGE_OBJECTS, err);
    if (status)
        return status;
    pages->op.on_done = list->on_done;
    pages->op.ctx = list->ctx;
    pages->on_entry = list->on_entry;
    pages->tell = tell_object;
    pages->next_name = "continuation-token";
    return s3__pages_begin(pages, ask_for_objects(&pages->request, list, err), call, err);
}

/* ---- buckets ---- */

static enum sigv4_flow tell_bucket(struct s3__pages *pages, size_t i)
{
    struct s3_bucket_entry entry = s3__page_bucket(&pages->page, i);
    return pages->on_bucket(pages->op.ctx, &entry);
}

int s3_list_buckets(struct s3_client *client, const struct s3_list_buckets *list,
                    struct sigv4_call **call, struct sigv4_error *err)
{
    struct s3__pages *pages;
    if (!list->on_bucket || !list->on_done)
        return missing("ListBuckets", err);
    int status = s3__pages_new(&pages, client, "ListBuckets", S3__PAGE_BUCKETS, err);
    if (status)
        return status;
    pages->op.on_done = list->on_done;
    pages->op.ctx = list->ctx;
    pages->on_bucket = list->on_bucket;
    pages->tell = tell_bucket;
    pages->next_name = "continuation-token";
    s3__request_query(&pages->request, "prefix", sigv4_str(list->prefix));
    return s3__pages_begin(pages, SIGV4_OK, call, err);
}

/* ---- parts ---- */

static enum sigv4_flow tell_part(struct s3__pages *pages, size_t i)
{
    struct s3_part part = s3__page_part(&pages->page, i);
    return pages->on_part(pages->op.ctx, &part);
}

static int ask_for_parts(struct s3__request *r, const struct s3_multipart *what,
                         struct sigv4_error *err)
{
    if (!what->to || !what->to->key || !what->upload_id || !*what->upload_id)
        return sigv4__fail(err, SIGV4_E_INVALID, "%s: object or upload id is missing",
                           r->operation);
    s3__request_query(r, "uploadId", sigv4_str(what->upload_id));
    return s3__request_at(r, what->to->bucket, what->to->key, err);
}

int s3_multipart_parts(struct s3_client *client, const struct s3_multipart *what,
                       struct sigv4_call **call, struct sigv4_error *err)
{
    struct s3__pages *pages;
    if (!what->on_part || !what->on_done)
        return missing("ListParts", err);
    int status = s3__pages_new(&pages, client, "ListParts", S3__PAGE_PARTS, err);
    if (status)
        return status;
    pages->op.on_done = what->on_done;
    pages->op.ctx = what->ctx;
    pages->on_part = what->on_part;
    pages->tell = tell_part;
    pages->next_name = "part-number-marker";
    return s3__pages_begin(pages, ask_for_parts(&pages->request, what, err), call, err);
}

/* Making an answer and giving it to libmicrohttpd. */
#include "response.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define BLOCK ((size_t)256 << 10)

void response_header(struct response *response, const char *name, const char *format, ...)
{
    struct text value = {0};
    va_list args;
    va_start(args, format);
    text_vprintf(&value, format, args);
    va_end(args);
    header_list_add(&response->headers, name, text_string(&value));
    text_free(&value);
}

void response_free(struct response *response)
{
    header_list_free(&response->headers);
    text_free(&response->body);
    content_release(response->content);
    response->content = NULL;
    if (response->made != NULL)
        MHD_destroy_response(response->made);
    response->made = NULL;
}

void response_clear(struct response *response)
{
    response_free(response);
    memset(response, 0, sizeof *response);
}

struct reader {
    struct content *content;
    uint64_t offset;
};

static ssize_t read_content(void *cls, uint64_t position, char *out, size_t room)
{
    struct reader *reader = cls;
    ssize_t n = content_read(reader->content, reader->offset + position, out, room);
    return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_reader(void *cls)
{
    struct reader *reader = cls;
    content_release(reader->content);
    free(reader);
}

static struct MHD_Response *from_content(struct response *response)
{
    struct reader *reader = memory_take(1, sizeof *reader);
    reader->content = content_hold(response->content);
    reader->offset = response->offset;
    return MHD_create_response_from_callback(response->length, BLOCK, read_content, reader,
                                             free_reader);
}

static struct MHD_Response *from_text(struct response *response)
{
    size_t length = response->body.length;
    return MHD_create_response_from_buffer(length, text_take(&response->body),
                                           MHD_RESPMEM_MUST_FREE);
}

enum MHD_Result response_queue(const struct response *response, struct MHD_Response *answer,
                               struct MHD_Connection *connection, const char *date)
{
    if (answer == NULL)
        return MHD_NO;
    MHD_add_response_header(answer, "Date", date);
    for (size_t i = 0; i < response->headers.count; i++)
        MHD_add_response_header(answer, response->headers.items[i].name,
                                response->headers.items[i].value);
    enum MHD_Result result = MHD_queue_response(connection, response->status, answer);
    MHD_destroy_response(answer);
    return result;
}

enum MHD_Result response_send(struct response *response, struct MHD_Connection *connection,
                              const char *date)
{
    bool streams = response->content != NULL && response->length > 0;
    if (response->ready != NULL)
        return MHD_queue_response(connection, response->status, response->ready);
    if (response->made != NULL) {
        struct MHD_Response *made = response->made;
        response->made = NULL;
        return response_queue(response, made, connection, date);
    }
    struct MHD_Response *answer = streams ? from_content(response) : from_text(response);
    return response_queue(response, answer, connection, date);
}

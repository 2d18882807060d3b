/* The XML reader: what it tells, and everything it refuses. */
#include "wire/xml_reader.h"

#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "edge.h"
#include "unit/counted_alloc.h"

struct seen {
    char text[512];
    int stop_at; /* at the n-th element that ends */
};

static int note(void *ctx, const struct s3__xml_element *e)
{
    struct seen *seen = ctx;
    size_t used = strlen(seen->text);
    snprintf(seen->text + used, sizeof seen->text - used, "%zu:%s/%s%s%.*s|", e->depth, e->parent,
             e->name, e->leaf ? "=" : "", (int)e->text.len, (const char *)e->text.ptr);
    return seen->stop_at && --seen->stop_at == 0 ? SIGV4_E_CONFLICT : SIGV4_OK;
}

static int read_xml(struct seen *seen, const char *xml, const char *root, struct sigv4_error *err)
{
    struct s3__xml_document document = {sigv4_str(xml), root, NULL, note, seen};
    return s3__xml_read(&document, NULL, err);
}

static void expect(const char *xml, const char *want)
{
    struct seen seen = {.text = ""};
    struct sigv4_error err;
    assert_int_equal(read_xml(&seen, xml, NULL, &err), 0);
    assert_string_equal(seen.text, want);
}

static void refuse(const char *xml, const char *root)
{
    struct seen seen = {.text = ""};
    struct sigv4_error err = {0};
    assert_int_equal(read_xml(&seen, xml, root, &err), SIGV4_E_PROTOCOL);
    assert_int_equal(err.status, SIGV4_E_PROTOCOL);
    assert_true(err.message[0]);
}

static void elements(void **state)
{
    (void)state;
    expect("<a><b>1</b><c><d> x </d></c></a>", "2:a/b=1|3:c/d= x |2:a/c|1:/a|");
    expect("<?xml version=\"1.0\"?>\n\n<a/>", "1:/a=|");
    expect("<a>\n  <b/>\n tail</a>", "2:a/b=|1:/a|");
    expect("<x:a xmlns:x=\"urn:1\"><x:b k=\"v\">1</x:b></x:a>", "2:a/b=1|1:/a|");
    expect("<a>&lt;&amp;&gt;&quot;&apos;&#65;&#xA;</a>", "1:/a=<&>\"'A\n|");
    expect("<a><![CDATA[<b>]]>c<!-- no -->d</a>", "1:/a=<b>cd|");
    expect("<a>\r\n</a>", "1:/a=\n|");
}

static void refusals(void **state)
{
    (void)state;
    refuse("", NULL);
    refuse("   ", NULL);
    refuse("<a>", NULL);
    refuse("<a></b>", NULL);
    refuse("<a/><b/>", NULL);
    refuse("{\"a\":1}", NULL);
    refuse("<a>&what;</a>", NULL);
    refuse("<a>\x01</a>", NULL);
    refuse("<a>\xff</a>", NULL);
    refuse("<a/>", "b");
    refuse("<!DOCTYPE a><a/>", NULL);
    refuse("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", NULL);
    refuse("<?xml version=\"1.0\" encoding=\"x-unknown\"?><a/>", NULL);
}

static void a_bomb_is_refused_at_its_first_line(void **state)
{
    struct seen seen = {.text = ""};
    struct sigv4_error err;
    (void)state;
    assert_int_equal(read_xml(&seen,
                              "<!DOCTYPE l [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">"
                              "<!ENTITY c SYSTEM \"file:///etc/passwd\">]><l>&b;&c;</l>",
                              NULL, &err),
                     SIGV4_E_PROTOCOL);
    assert_string_equal(err.message, "unexpected XML in the answer: the XML has a document type");
    assert_string_equal(seen.text, "");
}

static void bounds(void **state)
{
    static char xml[2 * S3__XML_MAX_TEXT + 64];
    struct seen seen = {.text = ""};
    (void)state;
    for (size_t depth = S3__XML_MAX_DEPTH; depth <= S3__XML_MAX_DEPTH + 1; depth++) {
        char *p = xml;
        for (size_t i = 0; i < depth; i++)
            p += sprintf(p, "<a>");
        for (size_t i = 0; i < depth; i++)
            p += sprintf(p, "</a>");
        memset(&seen, 0, sizeof seen);
        assert_int_equal(read_xml(&seen, xml, NULL, NULL),
                         depth > S3__XML_MAX_DEPTH ? SIGV4_E_PROTOCOL : SIGV4_OK);
    }
    for (size_t n = S3__XML_MAX_TEXT; n <= S3__XML_MAX_TEXT + 1; n++) {
        sprintf(xml, "<a>%*s</a>", (int)n, "x");
        memset(&seen, 0, sizeof seen);
        assert_int_equal(read_xml(&seen, xml, NULL, NULL),
                         n > S3__XML_MAX_TEXT ? SIGV4_E_PROTOCOL : SIGV4_OK);
    }
    for (int n = S3__XML_MAX_NAME - 1; n <= S3__XML_MAX_NAME; n++) {
        char name[S3__XML_MAX_NAME + 1];
        memset(name, 'n', sizeof name);
        snprintf(xml, sizeof xml, "<%.*s/>", n, name);
        memset(&seen, 0, sizeof seen);
        assert_int_equal(read_xml(&seen, xml, NULL, NULL),
                         n >= S3__XML_MAX_NAME ? SIGV4_E_PROTOCOL : SIGV4_OK);
    }
}

static void a_callback_ends_it(void **state)
{
    struct seen seen = {.stop_at = 2};
    struct sigv4_error err;
    (void)state;
    assert_int_equal(read_xml(&seen, "<a><b/><c/><d/></a>", "a", &err), SIGV4_E_CONFLICT);
    assert_string_equal(seen.text, "2:a/b=|2:a/c=|");
}

/* A document may be cut anywhere: never accepted, never read past its end. */
static void every_cut(void **state)
{
    static const char xml[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a b=\"c\"><d>&amp;"
                              "\xc3\xa4<![CDATA[x]]></d><!-- e --><f/></a>";
    struct edge e = edge_make(sizeof xml);
    (void)state;
    for (size_t n = 0; n < sizeof xml - 1; n++) {
        struct seen seen = {.text = ""};
        struct s3__xml_document document = {sigv4_bytes(edge_put(&e, xml, n), n), NULL, NULL, note,
                                            &seen};
        assert_int_equal(s3__xml_read(&document, NULL, NULL), SIGV4_E_PROTOCOL);
    }
    edge_drop(&e);
}

static void memory(void **state)
{
    struct counted_alloc counted = {.fail_at = 0};
    struct sigv4_alloc alloc = counted_alloc(&counted);
    struct seen seen = {.text = ""};
    struct s3__xml_document document = {SIGV4_LIT("<a><b>text</b></a>"), "a", NULL, note, &seen};
    (void)state;
    for (unsigned n = 1;; n++) {
        counted = (struct counted_alloc){.fail_at = n};
        memset(&seen, 0, sizeof seen);
        int status = s3__xml_read(&document, &alloc, NULL);
        assert_int_equal(counted.live, 0);
        if (status == SIGV4_OK)
            break;
        assert_int_equal(status, SIGV4_E_NOMEM);
        assert_true(n < 10);
    }
}

static void writing(void **state)
{
    struct sigv4__buffer b;
    (void)state;
    sigv4__buffer_init(&b, NULL, 1000);
    s3__xml_leaf(&b, "Key", SIGV4_LIT("a<b>&\"c\"\r\n\t'\xc3\xa4"));
    assert_string_equal(sigv4__buffer_cstr(&b), "<Key>a&lt;b&gt;&amp;&quot;c&quot;&#xD;&#xA;\t'"
                                                "\xc3\xa4</Key>");
    expect(b.ptr, "1:/Key=a<b>&\"c\"\r\n\t'\xc3\xa4|");
    sigv4__buffer_free(&b);
    assert_true(s3__xml_can_carry(SIGV4_LIT("a\tb\r\n\x7f\xef\xbf\xbd")));
    assert_false(s3__xml_can_carry(SIGV4_LIT("a\x01")));
    assert_false(s3__xml_can_carry(SIGV4_LIT("a\0")));
    assert_false(s3__xml_can_carry(SIGV4_LIT("\xef\xbf\xbe")));
    assert_true(s3__xml_can_carry(SIGV4_LIT("")));
    assert_true(s3__xml_can_carry(SIGV4_LIT("\xc3\xa4 \xe6\x97\xa5 \xf0\x9f\x98\x80")));
    /* Latin 1, cut short, overlong, a surrogate, above the last */
    assert_false(s3__xml_can_carry(SIGV4_LIT("M\xfcnchen")));
    assert_false(s3__xml_can_carry(SIGV4_LIT("\xc3")));
    assert_false(s3__xml_can_carry(SIGV4_LIT("\xe6\x97")));
    assert_false(s3__xml_can_carry(SIGV4_LIT("\xe0\x80\xaf")));
    assert_false(s3__xml_can_carry(SIGV4_LIT("\xed\xa0\x80")));
    assert_false(s3__xml_can_carry(SIGV4_LIT("\xf4\x90\x80\x80")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements),  cmocka_unit_test(refusals),
        cmocka_unit_test(bounds),    cmocka_unit_test(a_bomb_is_refused_at_its_first_line),
        cmocka_unit_test(every_cut), cmocka_unit_test(a_callback_ends_it),
        cmocka_unit_test(memory),    cmocka_unit_test(writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a service's refusal means and what to do: keys, permissions, policies, regions, names. */
#include "base/fail.h"
#include "base/text.h"
#include "diagnose/action.h"
#include "diagnose/line.h"
#include "diagnose/vpc_service.h"

#include <stdio.h>

struct reading {
    const struct sigv4_refusal *in;
    struct sigv4_slice words; /* all there is of the service's text */
    const char *code, *region, *service_id;
    struct sigv4_diagnosis *d;
};

static bool has(const struct reading *r, const char *phrase)
{
    struct sigv4_slice p = sigv4_str(phrase);
    for (struct sigv4_slice rest = r->words; rest.len >= p.len; rest = sigv4__from(rest, 1))
        if (sigv4__equal_nocase(sigv4__first(rest, p.len), p))
            return true;
    return false;
}

static bool is_one_of(const char *code, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(code, *list) == 0)
            return true;
    return false;
}

/* Every answer of a service has a request id or at least a code. A proxy's page has neither. */
static bool is_foreign(const struct reading *r)
{
    const struct sigv4_error *e = r->in->error;
    return e->http_status >= 300 && !r->in->not_sent && !e->request_id[0] && !r->code[0] &&
           !has(r, "not authorized");
}

static bool is_clock(const struct reading *r)
{
    static const char *const codes[] = {"RequestTimeTooSkewed", "RequestExpired",
                                        "RequestInTheFuture", NULL};
    return is_one_of(r->code, codes) || has(r, "Signature expired") ||
           has(r, "Signature not yet current");
}

static bool is_wrong_region(const struct reading *r)
{
    static const char *const codes[] = {"PermanentRedirect", "TemporaryRedirect",
                                        "IllegalLocationConstraintException", NULL};
    return is_one_of(r->code, codes) || r->in->error->http_status == 301 ||
           r->in->error->http_status == 307 || has(r, "scoped to a valid region") ||
           has(r, "scoped to correct region") ||
           (strcmp(r->code, "AuthorizationHeaderMalformed") == 0 && has(r, "region"));
}

/* Without an attempt it was a source of keys that failed, maybe because STS refused others. */
static enum sigv4_cause cause_of_keys(const struct reading *r)
{
    static const char *const expired[] = {"ExpiredToken", "ExpiredTokenException",
                                          "TokenRefreshRequired", NULL};
    static const char *const wrong[] = {"InvalidClientTokenId", "SignatureDoesNotMatch",
                                        "UnrecognizedClientException", "InvalidAccessKeyId", NULL};
    if (is_one_of(r->code, expired))
        return SIGV4_CAUSE_EXPIRED_CREDENTIALS;
    if (r->in->error->http_status == 0 || (r->in->not_sent && !is_one_of(r->code, wrong)))
        return SIGV4_CAUSE_NO_CREDENTIALS;
    return SIGV4_CAUSE_WRONG_CREDENTIALS;
}

static enum sigv4_cause cause_of(const struct reading *r)
{
    const struct sigv4_error *e = r->in->error;
    if (e->status == SIGV4_OK)
        return SIGV4_CAUSE_NONE;
    if (is_foreign(r))
        return e->http_status >= 500 ? SIGV4_CAUSE_SERVICE : SIGV4_CAUSE_OTHER;
    if (e->http_status && is_clock(r))
        return SIGV4_CAUSE_CLOCK;
    if (e->http_status && is_wrong_region(r))
        return SIGV4_CAUSE_WRONG_REGION;
    switch (e->status) {
    case SIGV4_E_NO_CREDENTIALS:
        return cause_of_keys(r);
    case SIGV4_E_DENIED:
        return has(r, "VPC endpoint policy") ? SIGV4_CAUSE_ENDPOINT_POLICY
                                             : SIGV4_CAUSE_NOT_PERMITTED;
    case SIGV4_E_NOT_FOUND:
        return SIGV4_CAUSE_NO_SUCH;
    case SIGV4_E_THROTTLED:
        return SIGV4_CAUSE_THROTTLED;
    case SIGV4_E_SERVICE:
        return SIGV4_CAUSE_SERVICE;
    default:
        return e->status == SIGV4_E_INVALID && e->http_status == 0 && has(r, "no region")
                   ? SIGV4_CAUSE_NO_REGION
                   : SIGV4_CAUSE_OTHER;
    }
}

/* ---- advice ---- */

static void advise_keys(const struct reading *r)
{
    static const char *const secret[] = {"SignatureDoesNotMatch", "InvalidSignatureException",
                                         NULL};
    struct sigv4_diagnosis *d = r->d;
    if (d->cause == SIGV4_CAUSE_EXPIRED_CREDENTIALS)
        SIGV4__ADVISE(d, "get new keys: log in again (aws sso login), assume the role again, or "
                         "remove an old AWS_SESSION_TOKEN from the environment; -v says which "
                         "source the keys came from");
    else if (d->cause == SIGV4_CAUSE_NO_CREDENTIALS && r->code[0])
        SIGV4__ADVISE(d,
                      "mend that source of keys; one that is named and fails is not stepped over "
                      "(-vv says what each source answered)");
    else if (d->cause == SIGV4_CAUSE_NO_CREDENTIALS)
        SIGV4__ADVISE(d, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a --profile, or "
                         "give this instance or task a role (-vv says what each source answered)");
    else if (is_one_of(r->code, secret))
        SIGV4__ADVISE(d, "check the secret key: it does not belong to this key id (a character cut "
                         "off?), or a proxy changed the request");
    else
        SIGV4__ADVISE(d, "check the keys: deleted, of another partition (China, GovCloud), or "
                         "temporary ones without their AWS_SESSION_TOKEN; -v says where they came "
                         "from");
}

/* Whose policy has to change, by the clause AWS appends. */
static const char *whose_policy(const struct reading *r)
{
    if (has(r, "service control policy"))
        return "the organisation's service control policy";
    if (has(r, "permissions boundary"))
        return "the permissions boundary of this identity";
    if (has(r, "session policy"))
        return "the session policy given when the role was assumed";
    if (has(r, "resource-based policy") && has(r, "explicit deny"))
        return "the policy of the resource (a Deny)";
    return has(r, "explicit deny") ? "a policy with a Deny" : "the policy of this identity";
}

static void advise_permission(const struct reading *r)
{
    char action[96];
    struct sigv4_diagnosis *d = r->d;
    bool said = sigv4__action_said(r->words, action);
    if (!said && !sigv4__action_of(r->service_id, r->in->operation, action)) {
        SIGV4__ADVISE(d, "ask for the permission this call needs");
        return;
    }
    if (!said)
        SIGV4__GUESS(d, "%s is what this call needs; the service did not say", action);
    if (d->cause == SIGV4_CAUSE_ENDPOINT_POLICY)
        SIGV4__ADVISE(d, "allow %s in the policy of the VPC endpoint this host goes through",
                      action);
    else
        SIGV4__ADVISE(d, "allow %s in %s%s", action, whose_policy(r),
                      strncmp(r->code, "KMS", 3) == 0 ? " and for the KMS key" : "");
}

static void advise_region(const struct reading *r)
{
    const char *right = r->in->right_region ? r->in->right_region : "";
    if (right[0])
        SIGV4__ADVISE(r->d, "say --region %s (AWS_REGION)", right);
    else
        SIGV4__ADVISE(r->d, "say --region with the region of that endpoint: now it is '%s'",
                      r->region);
}

static void advise_missing(const struct reading *r)
{
    const char *what = strcmp(r->service_id, "S3") == 0 ? "bucket and key" : "stream";
    SIGV4__ADVISE(r->d,
                  "check the name of the %s, the region (%s) and the account the keys "
                  "belong to",
                  what, r->region[0] ? r->region : "not known");
}

static void advise_foreign(const struct reading *r)
{
    SIGV4__GUESS(r->d, "the answer has no request id: a proxy or another program on the way gave "
                       "it, not the service");
    SIGV4__ADVISE(r->d, "look who answers there: the proxy (HTTPS_PROXY, HTTP_PROXY), a firewall, "
                        "or the endpoint URL");
}

static void advise(const struct reading *r)
{
    struct sigv4_diagnosis *d = r->d;
    if (is_foreign(r)) {
        advise_foreign(r);
        return;
    }
    switch (d->cause) {
    case SIGV4_CAUSE_NO_CREDENTIALS:
    case SIGV4_CAUSE_EXPIRED_CREDENTIALS:
    case SIGV4_CAUSE_WRONG_CREDENTIALS:
        advise_keys(r);
        break;
    case SIGV4_CAUSE_NOT_PERMITTED:
    case SIGV4_CAUSE_ENDPOINT_POLICY:
        advise_permission(r);
        break;
    case SIGV4_CAUSE_WRONG_REGION:
        advise_region(r);
        break;
    case SIGV4_CAUSE_NO_SUCH:
        advise_missing(r);
        break;
    case SIGV4_CAUSE_CLOCK:
        SIGV4__ADVISE(d, "set this host's clock (timedatectl; chrony with 169.254.169.123 on EC2)");
        break;
    case SIGV4_CAUSE_NO_REGION:
        SIGV4__ADVISE(d, "say --region, or set AWS_REGION or the profile's region");
        break;
    case SIGV4_CAUSE_THROTTLED:
    case SIGV4_CAUSE_SERVICE:
        SIGV4__ADVISE(d, "try again later; the way to the service is open");
        break;
    default: /* nothing to add to the service's own words */
        break;
    }
}

/* Where the service's own words are long, or lead astray. */
static void say(const struct reading *r)
{
    char http[24] = "";
    struct sigv4_diagnosis *d = r->d;
    const char *right = r->in->right_region ? r->in->right_region : "";
    bool expired = d->cause == SIGV4_CAUSE_EXPIRED_CREDENTIALS;
    if (r->in->error->http_status)
        snprintf(http, sizeof http, " (HTTP %d)", r->in->error->http_status);
    if (d->cause == SIGV4_CAUSE_WRONG_REGION && right[0])
        SIGV4__SAY(d, "%s is in %s, this request was signed for %s",
                   r->in->resource ? r->in->resource : "what was asked for", right,
                   r->region[0] ? r->region : "another region");
    else if (d->cause == SIGV4_CAUSE_WRONG_REGION)
        SIGV4__SAY(d, "this endpoint does not accept signatures for region '%s': %s%s", r->region,
                   r->code, http);
    else if (!r->in->not_sent && (expired || d->cause == SIGV4_CAUSE_WRONG_CREDENTIALS))
        SIGV4__SAY(d, "the service refuses these keys%s: %s%s", expired ? " as expired" : "",
                   r->code[0] ? r->code : "no reason given", http);
}

void sigv4_diagnose_refusal(const struct sigv4_refusal *in, struct sigv4_diagnosis *out)
{
    struct reading r = {
        .in = in,
        .words = in->body.len ? in->body : sigv4_str(in->error->message),
        .code = in->error->code,
        .region = in->region ? in->region : "",
        .service_id = in->service_id ? in->service_id : "",
        .d = out,
    };
    out->likely[0] = out->remedy[0] = '\0';
    out->cause = cause_of(&r);
    sigv4__fixed_copy(out->verdict, sizeof out->verdict, sigv4_str(in->error->message));
    say(&r);
    advise(&r);
}

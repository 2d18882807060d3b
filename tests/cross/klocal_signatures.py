#!/usr/bin/env python3
"""klocal believes the signatures of botocore and of AWS's documentation, and refuses every changed byte of them."""
# limit: 600
import calendar
import datetime
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check
import klocal

klocal.need_boto3()
import botocore
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

BODY = b'{"StreamName":"s","PartitionKey":"k","Data":"eHg="}'
TARGET = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.PutRecord"}
EMPTY = hashlib.sha256(b"").hexdigest()


def sign(auth, kind, method, path, headers=None, body=b"", credentials=None, region="us-east-1", **more):
    request = AWSRequest(method, service.url + path, data=body, headers=headers or {})
    auth(credentials or Credentials(klocal.KEY, klocal.SECRET), kind, region, **more).add_auth(request)
    return request


def kinesis(headers=None, body=BODY, path="/", **more):
    return dict(sign(SigV4Auth, "kinesis", "POST", path, {**TARGET, **(headers or {})}, body, **more).headers.items())


def s3(method, path, headers=None, body=b"", **more):
    return dict(sign(S3SigV4Auth, "s3", method, path, headers, body, **more).headers.items())


def flip(text, at):
    return text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1:]


def changed(headers, name, old, new):
    if old not in headers[name]:
        raise ValueError(f"{old!r} is not in {headers[name]!r}")
    return {**headers, name: headers[name].replace(old, new, 1)}


def without(headers, name):
    return {k: v for k, v in headers.items() if k.lower() != name.lower()}


def moved(headers, auth_class, kind, method, path, seconds, body=b"", extra=None):
    """Signed at another time."""
    del headers
    when = datetime.datetime.utcfromtimestamp(time.time() + seconds).strftime("%Y%m%dT%H%M%SZ")
    return signed_by_hand(kind, method, path, when, body, extra or {}, keep_hash=auth_class == "s3")


def signature_of(when, scope, canonical):
    text = "\n".join(["AWS4-HMAC-SHA256", when, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + klocal.SECRET).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def signed_by_hand(kind, method, path, when, body, headers, keep_hash=False, scope_date=None, terminator="aws4_request",
                   region="us-east-1", service_name=None, leave_out=()):
    """A signer that does what it is told, also what no library would: unsigned headers, odd scopes."""
    headers = {"host": f"127.0.0.1:{service.port}", "x-amz-date": when, **{k.lower(): v for k, v in headers.items()}}
    if keep_hash:
        headers["x-amz-content-sha256"] = hashlib.sha256(body).hexdigest()
    names = sorted(n for n in headers if n not in leave_out)
    path_part, _, query = path.partition("?")
    canonical = "\n".join([method, path_part, query, *(f"{n}:{headers[n]}" for n in names), "", ";".join(names),
                           hashlib.sha256(body).hexdigest()])
    parts = [scope_date or when[:8], region, service_name or kind, terminator]
    signature = signature_of(when, "/".join(parts), canonical)
    return {**headers, "authorization": f"AWS4-HMAC-SHA256 Credential={klocal.KEY}/{'/'.join(parts)}, "
                                        f"SignedHeaders={';'.join(names)}, Signature={signature}"}


def now():
    return datetime.datetime.utcnow().strftime("%Y%m%dT%H%M%SZ")


def kinesis_headers():
    """The header form, for everybody but S3."""
    post = lambda headers, body=BODY, path="/": service.send("POST", path, headers, body)
    good = kinesis()
    check.equal("kinesis: botocore's signature is good", 200, post(good)[0])
    check.equal("kinesis: also with a query and a path to normalise", 200,
                post(signed_by_hand("kinesis", "POST", "/?a=1&b=2", now(), BODY, TARGET), path="/?b=2&a=1")[0])
    auth = good["Authorization"]
    names = auth.split("SignedHeaders=")[1].split(",")[0].split(";")
    check.ok("kinesis: botocore signs host, date and target", {"host", "x-amz-date", "x-amz-target"} <= set(names), names)
    wrong = "InvalidSignatureException"
    klocal.refused("kinesis: a changed path", 400, wrong, post(good, path="/x"))
    klocal.refused("kinesis: a changed query", 400, wrong, post(good, path="/?x=y"))
    for at in (0, len(BODY) // 2, len(BODY) - 1):
        klocal.refused(f"kinesis: byte {at} of the body changed", 400, wrong, post(good, BODY[:at] + b" " + BODY[at + 1:]))
    klocal.refused("kinesis: the body cut off", 400, wrong, post(good, BODY[:-1]))
    klocal.refused("kinesis: the signed Content-Type changed", 400, wrong,
                   post({**good, "Content-Type": "application/x-amz-json-1.1; charset=utf-8"}))
    klocal.refused("kinesis: the signed X-Amz-Target changed", 400, wrong,
                   post({**good, "X-Amz-Target": "Kinesis_20131202.ListStreams"}))
    klocal.refused("kinesis: the signed Host changed", 400, wrong, post({**good, "Host": f"localhost:{service.port}"}))
    klocal.refused("kinesis: another x-amz-* header", 400, wrong, post({**good, "X-Amz-Extra": "1"}))
    extra = kinesis({"X-Amz-Extra": "one  two"})
    check.equal("kinesis: blanks in a value count as one", 200, post({**extra, "X-Amz-Extra": " one two "})[0])
    klocal.refused("kinesis: a signed header changed", 400, wrong, post({**extra, "X-Amz-Extra": "one twO"}))
    klocal.refused("kinesis: a signed header left out", 400, wrong, post(without(extra, "X-Amz-Extra")))
    klocal.refused("kinesis: a signed header twice", 400, wrong, post([*extra.items(), ("X-Amz-Extra", "three")]))
    klocal.refused("kinesis: the date one second later", 400, wrong, post({**good, "X-Amz-Date": bump(good["X-Amz-Date"])}))
    for text, old, new in (("date", auth.split("/")[1], "20200101"), ("region", "us-east-1", "us-west-2"),
                           ("service", "/kinesis/", "/s3/"), ("terminator", "aws4_request", "aws4_requesT")):
        klocal.refused(f"kinesis: the {text} of the scope changed", 400, wrong, post(changed(good, "Authorization", old, new)))
    start = auth.index("Signature=") + len("Signature=")
    for at in (start, start + 31, start + 63):
        klocal.refused(f"kinesis: digit {at - start} of the signature changed", 400, wrong,
                       post({**good, "Authorization": flip(auth, at)}))
    klocal.refused("kinesis: the signature in capitals", 400, wrong, post({**good, "Authorization": auth[:start] + auth[start:].upper()}))
    klocal.refused("kinesis: a name less in SignedHeaders", 400, wrong, post(changed(good, "Authorization", "content-type;", "")))
    klocal.refused("kinesis: an unknown key id", 400, "UnrecognizedClientException",
                   post(kinesis(credentials=Credentials("AKIAUNKNOWN000000000", klocal.SECRET))))
    klocal.refused("kinesis: a wrong secret", 400, wrong, post(kinesis(credentials=Credentials(klocal.KEY, klocal.SECRET[:-1] + "x"))))
    klocal.refused("kinesis: a token nobody gave", 400, "UnrecognizedClientException",
                   post(kinesis(credentials=Credentials(klocal.KEY, klocal.SECRET, "token"))))


def bump(date):
    return datetime.datetime.utcfromtimestamp(
        calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ")) + 1).strftime("%Y%m%dT%H%M%SZ")


def kinesis_incomplete():
    post = lambda headers, path="/": service.send("POST", path, headers, BODY)
    good = kinesis()
    auth = good["Authorization"]
    klocal.refused("kinesis: no signature", 400, "MissingAuthenticationTokenException", post(TARGET))
    for part in ("Credential", "SignedHeaders", "Signature"):
        kept = [p for p in auth[len("AWS4-HMAC-SHA256 "):].split(", ") if not p.startswith(part + "=")]
        klocal.refused(f"kinesis: no {part}", 400, "IncompleteSignatureException",
                       post({**good, "Authorization": "AWS4-HMAC-SHA256 " + ", ".join(kept)}))
    klocal.refused("kinesis: another scheme", 400, "IncompleteSignatureException", post({**good, "Authorization": "Basic eDp5"}))
    klocal.refused("kinesis: no date", 400, "IncompleteSignatureException", post(without(good, "X-Amz-Date")))
    klocal.refused("kinesis: a date that is none", 400, "IncompleteSignatureException", post({**good, "X-Amz-Date": "yesterday"}))
    klocal.refused("kinesis: half a scope", 400, "IncompleteSignatureException", post(changed(good, "Authorization", "/aws4_request", "")))
    klocal.refused("kinesis: a signature in header and query", 400, "InvalidSignatureException",
                   post(good, path="/?X-Amz-Algorithm=AWS4-HMAC-SHA256"))
    sign_with = lambda **more: signed_by_hand("kinesis", "POST", "/", now(), BODY, TARGET, **more)
    check.equal("kinesis: signed by hand", 200, post(sign_with())[0])
    klocal.refused("kinesis: host not signed", 400, "InvalidSignatureException", post(sign_with(leave_out=("host",))))
    klocal.refused("kinesis: the target not signed", 400, "InvalidSignatureException", post(sign_with(leave_out=("x-amz-target",))))
    klocal.refused("kinesis: the date not signed", 400, "InvalidSignatureException", post(sign_with(leave_out=("x-amz-date",))))
    for text, more in (("another region", {"region": "eu-west-1"}), ("another service", {"service_name": "firehose"}),
                       ("another day", {"scope_date": "20200101"}), ("another end", {"terminator": "aws3_request"})):
        klocal.refused(f"kinesis: a right signature for {text}", 400, "InvalidSignatureException", post(sign_with(**more)))
    for seconds, status in ((-290, 200), (-310, 400), (290, 200), (310, 400)):
        answer = post(moved(good, "other", "kinesis", "POST", "/", seconds, BODY, TARGET))
        check.equal(f"kinesis: signed {seconds} s off", status, answer[0])
    check.equal("kinesis: the code for old signatures", "InvalidSignatureException",
                klocal.error_code(post(moved(good, "other", "kinesis", "POST", "/", -310, BODY, TARGET))))
    check.ok("kinesis: and its words", b"Signature expired" in post(moved(good, "other", "kinesis", "POST", "/", -310, BODY, TARGET))[2])


def kinesis_query():
    """A presigned URL. botocore's presigner for others than S3 moves the body into the query: signed by hand."""
    when, body = now(), BODY
    scope = f"{when[:8]}/us-east-1/kinesis/aws4_request"
    headers = {"content-type": TARGET["Content-Type"], "host": f"127.0.0.1:{service.port}", "x-amz-target": TARGET["X-Amz-Target"]}
    pairs = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{klocal.KEY}/{scope}", "X-Amz-Date": when,
             "X-Amz-Expires": "60", "X-Amz-SignedHeaders": ";".join(headers)}
    query = "&".join(f"{k}={urllib.parse.quote(v, safe='-_.~')}" for k, v in sorted(pairs.items()))
    canonical = "\n".join(["POST", "/", query, *(f"{n}:{v}" for n, v in headers.items()), "", ";".join(headers),
                           hashlib.sha256(body).hexdigest()])
    path = f"/?{query}&X-Amz-Signature={signature_of(when, scope, canonical)}"
    post = lambda target, data=body: service.send("POST", target, without(headers, "host"), data)
    check.equal("kinesis: a presigned URL", 200, post(path)[0])
    klocal.refused("kinesis: its body changed", 400, "InvalidSignatureException", post(path, body + b" "))
    klocal.refused("kinesis: its query changed", 400, "InvalidSignatureException", post(path + "&x=1"))
    klocal.refused("kinesis: its life changed", 400, "InvalidSignatureException", post(path.replace("Expires=60", "Expires=61")))


def s3_headers():
    """The header form for S3: the hash in a header, single encoding, XML errors."""
    body = os.urandom(1000)
    put = lambda headers, path="/bucket/a%20b/c%2Bd", data=body: service.send("PUT", path, headers, data)
    good = s3("PUT", "/bucket/a%20b/c%2Bd", {"Content-Type": "text/plain", "x-amz-meta-m": "v"}, body)
    check.equal("s3: botocore's signature is good", 200, put(good)[0])
    odd = urllib.parse.quote("/bucket/a +!'()*~;:@&=$,", safe="/-_.~")
    for path in ("/bucket/../x", "/bucket/a//b", "/bucket/a/./b", "/bucket/%C3%BC%25", odd):
        check.equal(f"s3: the path {path}", 200, put(s3("PUT", path, {}, body), path)[0])
    wrong = "SignatureDoesNotMatch"
    klocal.refused("s3: a changed path", 403, wrong, put(good, "/bucket/a%20b/c%2Be"))
    klocal.refused("s3: a changed query", 400, "AuthorizationHeaderMalformed",
                   service.send("GET", "/bucket?prefix=b", changed(s3("GET", "/bucket?prefix=a"), "Authorization", "Signature=", "Sig=")))
    klocal.refused("s3: a query with another value", 403, wrong, service.send("GET", "/bucket?prefix=b", s3("GET", "/bucket?prefix=a")))
    klocal.refused("s3: a changed method", 403, wrong, service.send("DELETE", "/bucket/a%20b/c%2Bd", s3("GET", "/bucket/a%20b/c%2Bd")))
    klocal.refused("s3: a changed body", 400, "XAmzContentSHA256Mismatch", put(good, data=b"x" + body[1:]))
    klocal.refused("s3: a changed body and hash", 403, wrong,
                   put({**good, "X-Amz-Content-SHA256": hashlib.sha256(b"x" + body[1:]).hexdigest()}, data=b"x" + body[1:]))
    klocal.refused("s3: UNSIGNED-PAYLOAD instead of the hash", 403, wrong, put({**good, "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}))
    klocal.refused("s3: a hash that is none", 400, "InvalidArgument", put({**good, "X-Amz-Content-SHA256": "abc"}))
    klocal.refused("s3: no hash at all", 400, "InvalidRequest", put(without(good, "X-Amz-Content-SHA256")))
    for name in ("Content-Type", "x-amz-meta-m"):
        klocal.refused(f"s3: the signed {name} changed", 403, wrong, put({**good, name: "changed"}))
    klocal.refused("s3: the signed Host changed", 403, wrong, put({**good, "Host": f"127.0.0.2:{service.port}"}))
    klocal.refused("s3: an x-amz-* header that is not signed", 403, "AccessDenied", put({**good, "x-amz-meta-n": "v"}))
    klocal.refused("s3: the date one second later", 403, wrong, put({**good, "X-Amz-Date": bump(good["X-Amz-Date"])}))
    auth = good["Authorization"]
    for text, old, new, status, code in (
            ("date", auth.split("/")[1], "20200101", 400, "AuthorizationHeaderMalformed"),
            ("region", "us-east-1", "us-west-2", 400, "AuthorizationHeaderMalformed"),
            ("service", "/s3/", "/kinesis/", 400, "AuthorizationHeaderMalformed"),
            ("terminator", "aws4_request", "aws4_requesT", 400, "AuthorizationHeaderMalformed")):
        klocal.refused(f"s3: the {text} of the scope changed", status, code, put(changed(good, "Authorization", old, new)))
    answer = put(changed(good, "Authorization", "us-east-1", "us-west-2"))
    check.ok("s3: the answer names the right region", b"<Region>us-east-1</Region>" in answer[2], answer[2])
    start = auth.index("Signature=") + len("Signature=")
    for at in (start, start + 63):
        klocal.refused(f"s3: digit {at - start} of the signature changed", 403, wrong, put({**good, "Authorization": flip(auth, at)}))
    answer = put({**good, "Authorization": flip(auth, start)})
    check.ok("s3: the answer shows what was to be signed", b"<StringToSign>AWS4-HMAC-SHA256" in answer[2]
             and b"<CanonicalRequest>PUT" in answer[2], answer[2])
    klocal.refused("s3: an unknown key id", 403, "InvalidAccessKeyId",
                   put(s3("PUT", "/bucket/a%20b/c%2Bd", {}, body, credentials=Credentials("AKIAUNKNOWN000000000", "x"))))
    klocal.refused("s3: a wrong secret", 403, wrong,
                   put(s3("PUT", "/bucket/a%20b/c%2Bd", {}, body, credentials=Credentials(klocal.KEY, "x"))))
    klocal.refused("s3: a token nobody gave", 400, "InvalidToken",
                   put(s3("PUT", "/bucket/a%20b/c%2Bd", {}, body, credentials=Credentials(klocal.KEY, klocal.SECRET, "t"))))
    klocal.refused("s3: no signature", 403, "AccessDenied", put({}))
    klocal.refused("s3: another scheme", 400, "InvalidRequest", put({"Authorization": "AWS AKIDEXAMPLE:abc="}))
    for seconds, status in ((-890, 200), (-910, 403), (890, 200), (910, 403)):
        answer = put(moved(None, "s3", "s3", "PUT", "/bucket/plain", seconds, body), "/bucket/plain")
        check.equal(f"s3: signed {seconds} s off", status, answer[0])
    klocal.refused("s3: the code for it", 403, "RequestTimeTooSkewed", put(moved(None, "s3", "s3", "PUT", "/bucket/plain", -910, body), "/bucket/plain"))


def s3_query():
    service.send("PUT", "/bucket/presigned", s3("PUT", "/bucket/presigned", {}, b"data"), b"data")
    request = sign(S3SigV4QueryAuth, "s3", "GET", "/bucket/presigned", expires=300)
    place = urllib.parse.urlsplit(request.url)
    path = f"{place.path}?{place.query}"
    get = lambda target, headers=None: service.send("GET", target, headers or {})
    check.equal("s3: a presigned URL", (200, b"data"), (get(path)[0], get(path)[2]))
    wrong = "SignatureDoesNotMatch"
    klocal.refused("s3: its path changed", 403, wrong, get(path.replace("presigned", "presigneD")))
    klocal.refused("s3: its life changed", 403, wrong, get(path.replace("Expires=300", "Expires=301")))
    klocal.refused("s3: a parameter more", 403, wrong, get(path + "&response-content-type=text/html"))
    klocal.refused("s3: its date changed", 403, wrong, get(path.replace("X-Amz-Date=2", "X-Amz-Date=2", 1).replace(
        request.url.split("X-Amz-Date=")[1][:16], bump(request.url.split("X-Amz-Date=")[1][:16]))))
    klocal.refused("s3: a digit of its signature changed", 403, wrong, get(flip(path, path.index("X-Amz-Signature=") + 20)))
    klocal.refused("s3: another method", 403, wrong, service.send("DELETE", path, {}))
    klocal.refused("s3: an x-amz-* header that is not signed", 403, "AccessDenied", get(path, {"x-amz-meta-a": "b"}))
    klocal.refused("s3: no life", 400, "AuthorizationQueryParametersError", get(path.replace("X-Amz-Expires=300", "X=1")))
    long = sign(S3SigV4QueryAuth, "s3", "GET", "/bucket/presigned", expires=604801)
    klocal.refused("s3: a life of more than a week", 400, "AuthorizationQueryParametersError",
                   get(long.url[len(service.url):]))
    service.admin("clock", {"skew_ms": 200000})
    check.equal("s3: the URL lives for 300 s", 200, get(path)[0])
    service.admin("clock", {"skew_ms": 302000})
    klocal.refused("s3: and no longer", 403, "AccessDenied", get(path))
    service.admin("clock", {"skew_ms": -1000000})
    klocal.refused("s3: nor before it was made", 403, "AccessDenied", get(path))
    service.admin("clock", {"skew_ms": 0})
    put = sign(S3SigV4QueryAuth, "s3", "PUT", "/bucket/up", {"x-amz-meta-a": "b"}, expires=60)
    path = put.url[len(service.url):]
    check.equal("s3: a presigned PUT with its header", 200, service.send("PUT", path, {"x-amz-meta-a": "b"}, b"up")[0])
    klocal.refused("s3: without its header", 403, wrong, service.send("PUT", path, {}, b"up"))


def documentation():
    """AWS's own examples, at their own time: header, presigned, chunked, chunked with a trailer."""
    path = os.path.join(os.environ.get("VECTORS_DIR", ""), "sigv4-docs", "sigv4-docs-examples.json")
    if not os.path.exists(path):
        check.skip("the documentation's examples", f"no {path}")
        return
    examples = json.load(open(path, encoding="utf-8"))
    docs = klocal.Klocal("--domain", "s3.amazonaws.com", "--access-key-id", "AKIAIOSFODNN7EXAMPLE", "--secret-access-key",
                         "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    when = calendar.timegm((2013, 5, 24, 0, 0, 0))
    docs.admin("clock", {"skew_ms": int((when - time.time()) * 1000)})
    used = 0
    for example in examples:
        if example.get("service") != "s3" or "request" not in example:
            continue
        used += 1
        documented(docs, example)
    documented(docs, TRAILER_EXAMPLE)
    check.ok("the documentation has examples for S3", used >= 3, used)
    check.equal("klocal ends cleanly", 0, docs.stop())


# "Transferring payload in multiple chunks with trailing headers", Amazon S3 API reference.
TRAILER_EXAMPLE = {
    "kind": "chunked", "name": "chunks with a trailer",
    "request": {"method": "PUT", "host": "s3.amazonaws.com", "wire_path": "/examplebucket/chunkObject.txt", "query": [],
                "headers": [["content-encoding", "aws-chunked"],
                            ["x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"],
                            ["x-amz-date", "20130524T000000Z"], ["x-amz-decoded-content-length", "66560"],
                            ["x-amz-storage-class", "REDUCED_REDUNDANCY"], ["x-amz-trailer", "x-amz-checksum-crc32c"]]},
    "expected": {
        "seed_signature": "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
        "chunks": [
            {"payload": {"repeat": "a", "count": 65536},
             "signature": "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"},
            {"payload": {"repeat": "a", "count": 1024},
             "signature": "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"},
            {"payload": {"repeat": "a", "count": 0},
             "signature": "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"}],
        "trailer": {"headers": [["x-amz-checksum-crc32c", "sOO8/Q=="]],
                    "signature": "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"}}}


def authorization(example):
    if "authorization" in example["expected"]:
        return example["expected"]["authorization"]
    names = ";".join(sorted({name.lower() for name, _ in example["request"]["headers"]} | {"host"}))
    return ("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            f"SignedHeaders={names}, Signature={example['expected']['seed_signature']}")


def believed(answer):
    """No error about the signature: the bucket may well be missing."""
    return klocal.error_code(answer) in ("NoSuchBucket", "NoSuchKey", "NotImplemented") or answer[0] == 200


def documented(docs, example):
    request, expected, name = example["request"], example["expected"], example.get("name", example["kind"])
    headers = [(k, v) for k, v in request["headers"] if k.lower() != "host"]
    path = request["wire_path"]
    if example["kind"] == "presign":
        path += "?" + urllib.parse.urlsplit(expected["url"]).query
    else:
        query = "&".join(urllib.parse.quote(k, safe="-_.~") + "=" + urllib.parse.quote(v, safe="-_.~") for k, v in request["query"])
        path += "?" + query if query else ""
        headers.append(("Authorization", authorization(example)))
    body = (request.get("body") or "").encode()
    if example["kind"] == "chunked":
        body, headers = chunked_body(expected), [h for h in headers if h[0].lower() != "content-length"]
    send = lambda data, target=path: docs.send(request["method"], target, headers, data, host=request["host"])
    answer = send(body)
    check.ok(f"documentation: {name}", believed(answer), answer)
    if example["kind"] != "chunked":
        return
    at = body.index(b"aaaa")
    for text, changed_body in (("a changed byte of data", body[:at] + b"b" + body[at + 1:]),
                               ("a changed chunk signature", flip_chunk(body))):
        klocal.refused(f"documentation: {name}, {text}", 403, "SignatureDoesNotMatch", send(changed_body))
    if b"x-amz-trailer-signature" in body:
        at = body.index(b"x-amz-trailer-signature:") + 30
        flipped = body[:at] + (b"0" if body[at:at + 1] != b"0" else b"1") + body[at + 1:]
        klocal.refused(f"documentation: {name}, a changed trailer signature", 403, "SignatureDoesNotMatch", send(flipped))
        klocal.refused(f"documentation: {name}, without its end", 400, "IncompleteBody", send(body[:-2]))
        klocal.refused(f"documentation: {name}, a changed trailer", 403, "SignatureDoesNotMatch",
                       send(body.replace(b"sOO8/Q==", b"sOO9/Q==")))


def flip_chunk(body):
    at = body.index(b"chunk-signature=") + 20
    return body[:at] + (b"0" if body[at:at + 1] != b"0" else b"1") + body[at + 1:]


def chunked_body(expected):
    out = b""
    for chunk in expected["chunks"]:
        count = chunk["payload"]["count"]
        out += f"{count:x};chunk-signature={chunk['signature']}\r\n".encode()
        out += chunk["payload"]["repeat"].encode() * count
        out += b"\r\n" if count else b""
    if "trailer" in expected:
        trailer = expected["trailer"]
        for name, value in (trailer["headers"].items() if isinstance(trailer["headers"], dict) else trailer["headers"]):
            out += f"{name}:{value}\r\n".encode()
        out += f"x-amz-trailer-signature:{trailer['signature']}\r\n".encode()
    return out + b"\r\n"


def unsigned_trailer():
    """STREAMING-UNSIGNED-PAYLOAD-TRAILER, framed by hand."""
    data = os.urandom(70000)
    digest = hashlib.sha256(data).digest()
    import base64
    sha = base64.b64encode(digest).decode()

    def frame(chunk, trailer):
        out = b"".join(f"{len(data[i:i + chunk]):x}\r\n".encode() + data[i:i + chunk] + b"\r\n" for i in range(0, len(data), chunk))
        return out + b"0\r\n" + trailer + b"\r\n"

    def put(body, **more):
        headers = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(data)),
                   "x-amz-trailer": "x-amz-checksum-sha256", "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", **more}
        headers = {k: v for k, v in headers.items() if v is not None}
        request = AWSRequest("PUT", service.url + "/bucket/trailer", data=b"", headers=headers)
        auth = S3SigV4Auth(Credentials(klocal.KEY, klocal.SECRET), "s3", "us-east-1")
        auth.payload = lambda _: headers.get("x-amz-content-sha256", "")
        auth.add_auth(request)
        signed = dict(request.headers.items())
        signed.pop("Content-Length", None)
        return service.send("PUT", "/bucket/trailer", signed, body)

    good = f"x-amz-checksum-sha256:{sha}\r\n".encode()
    answer = put(frame(16384, good))
    check.equal("unsigned chunks with a trailer", 200, answer[0])
    check.equal("the checksum comes back", sha, answer[1].get("x-amz-checksum-sha256"))
    check.ok("the content is without its frames",
             service.send("GET", "/bucket/trailer", s3("GET", "/bucket/trailer"))[2] == data)
    wrong = base64.b64encode(bytes(32)).decode()
    klocal.refused("a wrong checksum in the trailer", 400, "BadDigest", put(frame(16384, f"x-amz-checksum-sha256:{wrong}\r\n".encode())))
    klocal.refused("no trailer", 400, "MalformedTrailerError", put(frame(16384, b"")))
    klocal.refused("another trailer", 400, "MalformedTrailerError", put(frame(16384, b"x-amz-checksum-crc32:AAAAAA==\r\n")))
    klocal.refused("small chunks", 403, "InvalidChunkSizeError", put(frame(4096, good)))
    klocal.refused("a wrong decoded length", 400, "IncompleteBody", put(frame(16384, good), **{"x-amz-decoded-content-length": "69999"}))
    klocal.refused("no decoded length", 411, "MissingContentLength", put(frame(16384, good), **{"x-amz-decoded-content-length": None}))
    klocal.refused("no aws-chunked", 400, "InvalidRequest", put(frame(16384, good), **{"content-encoding": None}))
    klocal.refused("a trailer that is no checksum", 400, "InvalidRequest", put(frame(16384, good), **{"x-amz-trailer": "x-amz-meta-a"}))
    klocal.refused("frames without CR", 400, "InvalidRequest", put(frame(16384, good).replace(b"4000\r\n", b"4000\n", 1)))
    klocal.refused("bytes behind the end", 400, "InvalidRequest", put(frame(16384, good) + b"x"))


service = klocal.Klocal()
check.say(f"# botocore {botocore.__version__}")
service.client("kinesis").create_stream(StreamName="s", ShardCount=1)
service.client("s3").create_bucket(Bucket="bucket")
for part in (kinesis_headers, kinesis_incomplete, kinesis_query, s3_headers, s3_query, documentation, unsigned_trailer):
    with check.case(part.__name__):
        part()
check.equal("klocal ends cleanly after all", 0, service.stop())
klocal.both_pythons()
check.done()

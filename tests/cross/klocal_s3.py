#!/usr/bin/env python3
"""klocal's S3 as boto3 sees it: objects, ranges, conditions, lists, copies, multipart uploads, checksums, regions."""
# limit: 600
import base64
import hashlib
import io
import os
import socket
import sys
import urllib.parse
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check
import klocal

klocal.need_boto3()
import boto3.s3.transfer
import botocore
import botocore.auth
import botocore.awsrequest
import botocore.credentials

MIB = 1 << 20
KEYS = ["plain", "a b", "a+b", "a%20b", "a%2Fb", "a//b", "/a", "a/", "./a", "../a", "a/../b", "\u00e9\u4e2d\U0001f600", "quote\"'", "<&>",
        "tab\tx", "new\nline", "return\r", "\x01\x7f", "~!*()", "?query=1&b", "#frag", "\\back", ";:@&=+$,", "x" * 1024, "\u00e9" * 512]


def signed(method, path, headers=None, body=b"", region="us-east-1", host=None):
    """A raw request, signed by botocore, for what boto3 would not send."""
    headers = dict(headers or {})
    if host:
        headers["Host"] = host
    request = botocore.awsrequest.AWSRequest(method, service.url + path, data=body, headers=headers)
    botocore.auth.S3SigV4Auth(botocore.credentials.Credentials(klocal.KEY, klocal.SECRET), "s3", region).add_auth(request)
    return service.send(method, path, dict(request.headers.items()), body)


def buckets(client):
    client.create_bucket(Bucket="first")
    client.create_bucket(Bucket="first")
    check.equal("a bucket is listed", ["first"], [b["Name"] for b in client.list_buckets()["Buckets"]])
    check.equal("HeadBucket names its region", "us-east-1", client.head_bucket(Bucket="first")["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"])
    check.equal("its location is the empty one", None, client.get_bucket_location(Bucket="first")["LocationConstraint"])
    for name in ("ab", "Upper", "under_score", "-dash", "dash-", "a..b", "192.168.1.1", "xn--a", "x" * 64, "name-s3alias"):
        klocal.refused(f"the bucket name {name[:20]}", 400, "InvalidBucketName", signed("PUT", "/" + name))
    client.put_object(Bucket="first", Key="k", Body=b"")
    check.refused("a bucket with objects stays", ["BucketNotEmpty"], lambda: client.delete_bucket(Bucket="first"))
    client.delete_object(Bucket="first", Key="k")
    client.delete_bucket(Bucket="first")
    check.refused("a deleted bucket is gone", ["404", "NoSuchBucket"], lambda: client.head_bucket(Bucket="first"))
    klocal.refused("a subresource nobody wrote", 501, "NotImplemented", signed("GET", "/first?acl="))
    klocal.refused("a method nobody wrote", 405, "MethodNotAllowed", signed("POST", "/first/key"))


def objects(client):
    client.create_bucket(Bucket="objects")
    for key in KEYS:
        data = key.encode() + b"!"
        client.put_object(Bucket="objects", Key=key, Body=data)
        check.equal(f"the key {key[:20]!r} round trips", data, client.get_object(Bucket="objects", Key=key)["Body"].read())
    listed = [o["Key"] for o in client.list_objects_v2(Bucket="objects")["Contents"]]
    check.equal("all keys are listed, in the order of their bytes", sorted(KEYS, key=str.encode), listed)
    klocal.refused("a key of 1025 bytes", 400, "KeyTooLongError", signed("PUT", "/objects/" + "k" * 1025))
    for size in (0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 7):
        data = os.urandom(size)
        answer = client.put_object(Bucket="objects", Key="size", Body=data)
        check.equal(f"{size} bytes: the ETag is the MD5", f'"{hashlib.md5(data).hexdigest()}"', answer["ETag"])
        check.ok(f"{size} bytes come back", client.get_object(Bucket="objects", Key="size")["Body"].read() == data)
    sparse = bytes(2 * MIB) + b"middle" + bytes(2 * MIB)
    client.put_object(Bucket="objects", Key="sparse", Body=sparse)
    check.ok("runs of zeros come back", client.get_object(Bucket="objects", Key="sparse")["Body"].read() == sparse)
    client.put_object(Bucket="objects", Key="meta", Body=b"x", Metadata={"one": "1", "two": "zwei"}, ContentType="text/x", CacheControl="no-cache",
                      ContentDisposition="inline", ContentEncoding="gzip", ContentLanguage="de", StorageClass="STANDARD_IA")
    head = client.head_object(Bucket="objects", Key="meta")
    check.equal("headers and metadata are kept", ({"one": "1", "two": "zwei"}, "text/x", "no-cache", "inline", "gzip", "de", "STANDARD_IA"),
                tuple(head[k] for k in ("Metadata", "ContentType", "CacheControl", "ContentDisposition", "ContentEncoding",
                                        "ContentLanguage", "StorageClass")))
    over = client.get_object(Bucket="objects", Key="meta", ResponseContentType="a/b", ResponseCacheControl="max-age=1")
    check.equal("a GET may replace them", ("a/b", "max-age=1"), (over["ContentType"], over["CacheControl"]))
    check.refused("metadata above 2 KB", ["MetadataTooLarge"], lambda: client.put_object(Bucket="objects", Key="m", Body=b"", Metadata={"a": "b" * 2048}))
    check.refused("a class that is none", ["InvalidStorageClass"], lambda: client.put_object(Bucket="objects", Key="m", Body=b"", StorageClass="COLD"))
    check.refused("another owner", ["AccessDenied"], lambda: client.get_object(Bucket="objects", Key="meta", ExpectedBucketOwner="999999999999"))
    check.refused("no such key", ["NoSuchKey"], lambda: client.get_object(Bucket="objects", Key="nope"))
    check.refused("no such bucket", ["NoSuchBucket"], lambda: client.get_object(Bucket="nope-nope", Key="nope"))
    tags = [{"Key": "a b", "Value": "c&d"}, {"Key": "e", "Value": ""}]
    client.put_object_tagging(Bucket="objects", Key="meta", Tagging={"TagSet": tags})
    check.equal("tags are kept", tags, client.get_object_tagging(Bucket="objects", Key="meta")["TagSet"])
    client.delete_object_tagging(Bucket="objects", Key="meta")
    check.equal("and deleted", [], client.get_object_tagging(Bucket="objects", Key="meta")["TagSet"])
    client.delete_object(Bucket="objects", Key="meta")
    client.delete_object(Bucket="objects", Key="meta")
    check.refused("a deleted object is gone", ["404"], lambda: client.head_object(Bucket="objects", Key="meta"))
    answer = client.delete_objects(Bucket="objects", Delete={"Objects": [{"Key": k} for k in KEYS if k not in ("\x01\x7f",)]})
    check.equal("many are deleted at once", len(KEYS) - 1, len(answer["Deleted"]))
    klocal.refused("without a checksum they are not", 400, "InvalidRequest", signed("POST", "/objects?delete=", {}, b"<Delete/>"))
    klocal.refused("a PUT without a length", 411, "MissingContentLength", no_length())


def no_length():
    request = botocore.awsrequest.AWSRequest("PUT", service.url + "/objects/x", data=b"", headers={})
    botocore.auth.S3SigV4Auth(botocore.credentials.Credentials(klocal.KEY, klocal.SECRET), "s3", "us-east-1").add_auth(request)
    headers = {k: v for k, v in request.headers.items() if k.lower() != "content-length"}
    return service.send("PUT", "/objects/x", headers)


def reading(client):
    client.create_bucket(Bucket="reading")
    data = bytes(range(100))
    etag = client.put_object(Bucket="reading", Key="k", Body=data)["ETag"]
    get = lambda **more: client.get_object(Bucket="reading", Key="k", **more)
    for text, wanted in (("bytes=0-0", (0, 1)), ("bytes=10-19", (10, 20)), ("bytes=90-", (90, 100)), ("bytes=-5", (95, 100)),
                         ("bytes=-500", (0, 100)), ("bytes=50-5000", (50, 100))):
        answer = get(Range=text)
        check.equal(f"Range {text}", (206, data[slice(*wanted)], f"bytes {wanted[0]}-{wanted[1] - 1}/100"),
                    (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Body"].read(), answer["ContentRange"]))
    for text in ("bytes=5-2", "bytes=0-1,5-6", "lines=1-2", "bytes=-", "bytes=x-"):
        check.equal(f"Range {text} is ignored", 200, get(Range=text)["ResponseMetadata"]["HTTPStatusCode"])
    for text in ("bytes=100-", "bytes=-0"):
        check.refused(f"Range {text}", ["InvalidRange"], lambda text=text: get(Range=text))
    client.put_object(Bucket="reading", Key="empty", Body=b"")
    check.refused("any range of nothing", ["InvalidRange"], lambda: client.get_object(Bucket="reading", Key="empty", Range="bytes=0-0"))
    modified = client.head_object(Bucket="reading", Key="k")["LastModified"]
    check.equal("If-Match", data, get(IfMatch=etag)["Body"].read())
    check.refused("If-Match with another", ["PreconditionFailed"], lambda: get(IfMatch='"0"'))
    check.refused("If-None-Match", ["304"], lambda: get(IfNoneMatch=etag))
    check.equal("If-None-Match with another", data, get(IfNoneMatch='"0"')["Body"].read())
    check.refused("If-Modified-Since", ["304"], lambda: get(IfModifiedSince=modified))
    check.refused("If-Unmodified-Since", ["PreconditionFailed"], lambda: get(IfUnmodifiedSince=modified.replace(year=2000)))
    status, headers, body = signed("PUT", "/reading/k", {"If-None-Match": "*"}, b"new")
    klocal.refused("PUT If-None-Match: * where one is", 412, "PreconditionFailed", (status, headers, body))
    check.equal("PUT If-None-Match: * where none is", 200, signed("PUT", "/reading/new", {"If-None-Match": "*"}, b"new")[0])
    klocal.refused("PUT If-Match with another", 412, "PreconditionFailed", signed("PUT", "/reading/k", {"If-Match": '"0"'}, b"new"))
    klocal.refused("PUT If-Match where none is", 404, "NoSuchKey", signed("PUT", "/reading/none", {"If-Match": '"0"'}, b"new"))
    check.equal("PUT If-Match", 200, signed("PUT", "/reading/k", {"If-Match": etag}, b"new")[0])
    check.equal("HEAD has no body", b"", signed("HEAD", "/reading/k")[2])
    check.equal("HEAD of nothing has no body", (404, b""), signed("HEAD", "/reading/none")[::2])


def listing(client):
    client.create_bucket(Bucket="listing")
    keys = sorted([f"dir{d}/file{f:02d}" for d in range(3) for f in range(10)] + ["a", "dir1", "z", "dir1/sub/x", "dir1/sub/y", "\u00fc/1"],
                  key=str.encode)
    for key in keys:
        client.put_object(Bucket="listing", Key=key, Body=b"1")
    for size in (1, 2, 7, 1000):
        found, prefixes, pages = [], [], 0
        for page in client.get_paginator("list_objects_v2").paginate(Bucket="listing", PaginationConfig={"PageSize": size}):
            found += [o["Key"] for o in page.get("Contents", [])]
            pages += 1
        check.equal(f"version 2 in pages of {size}", (keys, -(-len(keys) // size)), (found, pages))
        found = []
        for page in client.get_paginator("list_objects_v2").paginate(Bucket="listing", Delimiter="/", PaginationConfig={"PageSize": size}):
            found += [o["Key"] for o in page.get("Contents", [])]
            prefixes += [p["Prefix"] for p in page.get("CommonPrefixes", [])]
        check.equal(f"version 2 with a delimiter in pages of {size}", (["a", "dir1", "z"], ["dir0/", "dir1/", "dir2/", "\u00fc/"]), (found, prefixes))
        found, prefixes = [], []
        for page in client.get_paginator("list_objects").paginate(Bucket="listing", Prefix="dir1/", Delimiter="/", PaginationConfig={"PageSize": size}):
            found += [o["Key"] for o in page.get("Contents", [])]
            prefixes += [p["Prefix"] for p in page.get("CommonPrefixes", [])]
        check.equal(f"version 1 under a prefix in pages of {size}", (10, ["dir1/sub/"]), (len(found), prefixes))
    answer = client.list_objects_v2(Bucket="listing", StartAfter="dir2/file08")
    check.equal("StartAfter", ["dir2/file09", "z", "\u00fc/1"], [o["Key"] for o in answer["Contents"]])
    answer = client.list_objects_v2(Bucket="listing", MaxKeys=0)
    check.equal("MaxKeys 0", (0, False), (answer["KeyCount"], answer["IsTruncated"]))
    check.equal("a prefix that matches nothing", 0, client.list_objects_v2(Bucket="listing", Prefix="q")["KeyCount"])
    check.refused("a token nobody gave", ["InvalidArgument"], lambda: client.list_objects_v2(Bucket="listing", ContinuationToken="x"))
    klocal.refused("max-keys that is no number", 400, "InvalidArgument", signed("GET", "/listing?max-keys=x"))
    body = signed("GET", "/listing?list-type=2&prefix=%C3%BC")[2]
    check.ok("without encoding-type keys are as they are", "<Key>\u00fc/1</Key>".encode() in body, body)
    body = signed("GET", "/listing?encoding-type=url&list-type=2&prefix=%C3%BC")[2]
    check.ok("with it they are encoded", b"<Key>%C3%BC/1</Key>" in body, body)


def copying(client):
    client.create_bucket(Bucket="copying")
    data = os.urandom(2 * MIB)
    etag = client.put_object(Bucket="copying", Key="from +%/\u00fc", Body=data, Metadata={"a": "b"}, ContentType="x/y")["ETag"]
    source = {"Bucket": "copying", "Key": "from +%/\u00fc"}
    client.copy_object(Bucket="copying", Key="to", CopySource=source)
    answer = client.get_object(Bucket="copying", Key="to")
    check.equal("a copy keeps data, metadata and type", (True, {"a": "b"}, "x/y"), (answer["Body"].read() == data, answer["Metadata"], answer["ContentType"]))
    client.copy_object(Bucket="copying", Key="to", CopySource=source, MetadataDirective="REPLACE", Metadata={"c": "d"})
    check.equal("or replaces them", {"c": "d"}, client.head_object(Bucket="copying", Key="to")["Metadata"])
    check.refused("a copy onto itself", ["InvalidRequest"], lambda: client.copy_object(Bucket="copying", Key=source["Key"], CopySource=source))
    check.refused("a copy of nothing", ["NoSuchKey"], lambda: client.copy_object(Bucket="copying", Key="x", CopySource="copying/none"))
    check.refused("a copy if it is another", ["PreconditionFailed"], lambda: client.copy_object(
        Bucket="copying", Key="x", CopySource=source, CopySourceIfMatch='"0"'))
    check.ok("a copy if it is this", client.copy_object(Bucket="copying", Key="x", CopySource=source, CopySourceIfMatch=etag)["CopyObjectResult"]["ETag"] == etag)
    data = os.urandom(11 * MIB)
    client.put_object(Bucket="copying", Key="big", Body=data)
    upload = client.create_multipart_upload(Bucket="copying", Key="parts")["UploadId"]
    parts = []
    for number, span in ((1, f"bytes=0-{6 * MIB - 1}"), (2, f"bytes={6 * MIB}-{11 * MIB - 1}")):
        result = client.upload_part_copy(Bucket="copying", Key="parts", UploadId=upload, PartNumber=number, CopySource="copying/big", CopySourceRange=span)
        parts.append({"PartNumber": number, "ETag": result["CopyPartResult"]["ETag"]})
    check.refused("a range beyond the source", ["InvalidArgument"], lambda: client.upload_part_copy(
        Bucket="copying", Key="parts", UploadId=upload, PartNumber=3, CopySource="copying/big", CopySourceRange=f"bytes=0-{11 * MIB}"))
    client.complete_multipart_upload(Bucket="copying", Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})
    check.ok("parts copied from another object", client.get_object(Bucket="copying", Key="parts")["Body"].read() == data)


def multipart(client):
    client.create_bucket(Bucket="multi")
    data = os.urandom(21 * MIB + 5)
    config = boto3.s3.transfer.TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
    client.upload_fileobj(io.BytesIO(data), "multi", "transfer", Config=config, ExtraArgs={"Metadata": {"a": "b"}, "ContentType": "x/y"})
    out = io.BytesIO()
    client.download_fileobj("multi", "transfer", out, Config=config)
    check.ok("boto3's transfers round trip 21 MiB in parts", out.getvalue() == data)
    head = client.head_object(Bucket="multi", Key="transfer", PartNumber=5)
    check.equal("a part is seen by its number", (5, MIB + 5, {"a": "b"}), (head["PartsCount"], head["ContentLength"], head["Metadata"]))
    check.refused("a part that is not there", ["416"], lambda: client.head_object(Bucket="multi", Key="transfer", PartNumber=6))
    upload = client.create_multipart_upload(Bucket="multi", Key="abc")["UploadId"]
    put = lambda number, body: client.upload_part(Bucket="multi", Key="abc", UploadId=upload, PartNumber=number, Body=body)["ETag"]
    etags = {n: put(n, bytes([64 + n]) * (5 * MIB)) for n in (3, 1, 2)}
    parts = [{"PartNumber": n, "ETag": etags[n]} for n in (1, 2, 3)]
    complete = lambda parts, key="abc", up=upload: client.complete_multipart_upload(Bucket="multi", Key=key, UploadId=up, MultipartUpload={"Parts": parts})
    listed = client.list_parts(Bucket="multi", Key="abc", UploadId=upload, MaxParts=2)
    check.equal("ListParts pages", ([1, 2], True, 2), ([p["PartNumber"] for p in listed["Parts"]], listed["IsTruncated"], listed["NextPartNumberMarker"]))
    listed = client.list_parts(Bucket="multi", Key="abc", UploadId=upload, PartNumberMarker=2)
    check.equal("ListParts goes on", [(3, 5 * MIB)], [(p["PartNumber"], p["Size"]) for p in listed["Parts"]])
    other = client.create_multipart_upload(Bucket="multi", Key="dir/other")["UploadId"]
    check.equal("uploads are listed by key", ["abc", "dir/other"], [u["Key"] for u in client.list_multipart_uploads(Bucket="multi")["Uploads"]])
    page = client.list_multipart_uploads(Bucket="multi", MaxUploads=1)
    rest = client.list_multipart_uploads(Bucket="multi", KeyMarker=page["NextKeyMarker"], UploadIdMarker=page["NextUploadIdMarker"])
    check.equal("and in pages", ["dir/other"], [u["Key"] for u in rest["Uploads"]])
    check.equal("and with a delimiter", ["dir/"], [p["Prefix"] for p in client.list_multipart_uploads(Bucket="multi", Delimiter="/")["CommonPrefixes"]])
    check.refused("parts out of order", ["InvalidPartOrder"], lambda: complete([parts[1], parts[0]]))
    check.refused("a part with another ETag", ["InvalidPart"], lambda: complete([{"PartNumber": 1, "ETag": '"0"'}]))
    check.refused("a part nobody sent", ["InvalidPart"], lambda: complete([*parts, {"PartNumber": 4, "ETag": '"0"'}]))
    check.refused("an upload nobody made", ["NoSuchUpload"], lambda: complete(parts, up="x"))
    check.refused("an upload of another key", ["NoSuchUpload"], lambda: complete(parts, key="abd"))
    check.refused("part number 0", ["InvalidArgument"], lambda: put(0, b"x"))
    check.refused("part number 10001", ["InvalidArgument"], lambda: put(10001, b"x"))
    klocal.refused("a list that is no XML", 400, "MalformedXML", signed("POST", f"/multi/abc?uploadId={upload}", {}, b"<Complete"))
    check.equal("three known parts have a known ETag", '"b2add96cc9702bbf4efb0ccdfc6b7747-3"', complete(parts)["ETag"])
    check.refused("a completed upload is gone", ["NoSuchUpload"], lambda: complete(parts))
    small = client.create_multipart_upload(Bucket="multi", Key="small")["UploadId"]
    etags = [client.upload_part(Bucket="multi", Key="small", UploadId=small, PartNumber=n, Body=b"x")["ETag"] for n in (1, 2)]
    check.refused("a small part in the middle", ["EntityTooSmall"], lambda: complete(
        [{"PartNumber": n + 1, "ETag": e} for n, e in enumerate(etags)], "small", small))
    check.ok("a small part at the end", complete([{"PartNumber": 2, "ETag": etags[1]}], "small", small)["ETag"])
    client.abort_multipart_upload(Bucket="multi", Key="dir/other", UploadId=other)
    check.refused("an aborted upload is gone", ["NoSuchUpload"], lambda: client.list_parts(Bucket="multi", Key="dir/other", UploadId=other))
    state = [b for b in service.admin("state")["Buckets"] if b["Name"] == "multi"][0]
    check.equal("no uploads and parts are left", (0, 0), (state["Uploads"], state["Parts"]))
    gone = client.create_multipart_upload(Bucket="multi", Key="new")["UploadId"]
    client.upload_part(Bucket="multi", Key="new", UploadId=gone, PartNumber=1, Body=b"x")
    body = f'<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{hashlib.md5(b"x").hexdigest()}</ETag></Part></CompleteMultipartUpload>'
    klocal.refused("a wrong x-amz-mp-object-size", 400, "InvalidRequest", signed(
        "POST", f"/multi/new?uploadId={gone}", {"x-amz-mp-object-size": "2"}, body.encode()))
    klocal.refused("If-Match of a completion where none is", 404, "NoSuchKey", signed("POST", f"/multi/new?uploadId={gone}", {"If-Match": '"0"'}, body.encode()))
    check.equal("If-None-Match of a completion", 200, signed("POST", f"/multi/new?uploadId={gone}", {"If-None-Match": "*"}, body.encode())[0])


CRC = {"123456789": {"crc32": "y/Q5Jg==", "crc32c": "4waSgw==", "crc64nvme": "rosUhgp5mIg="},
       "hello world": {"crc32": "DUoRhQ==", "crc32c": "yZRlqg==", "crc64nvme": "jSnVw/bqjr4="}}


def checksums(client):
    client.create_bucket(Bucket="sums")
    for text, values in CRC.items():
        data = text.encode()
        values = {**values, "sha1": base64.b64encode(hashlib.sha1(data).digest()).decode(),
                  "sha256": base64.b64encode(hashlib.sha256(data).digest()).decode()}
        for name, value in values.items():
            header = f"x-amz-checksum-{name}"
            answer = signed("PUT", "/sums/k", {header: value}, data)
            check.equal(f"{name} of {text!r} is right", (200, value), (answer[0], answer[1].get(header)))
            answer = signed("GET", "/sums/k", {"x-amz-checksum-mode": "ENABLED"})
            check.equal(f"{name} comes back", (value, "FULL_OBJECT"), (answer[1].get(header), answer[1].get("x-amz-checksum-type")))
            klocal.refused(f"a wrong {name}", 400, "BadDigest", signed("PUT", "/sums/k", {header: value}, data + b"x"))
    klocal.refused("a checksum of the wrong length", 400, "InvalidDigest", signed("PUT", "/sums/k", {"x-amz-checksum-crc32": "AAAA"}, b""))
    klocal.refused("two checksums", 400, "InvalidRequest", signed("PUT", "/sums/k", {
        "x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-crc32c": "AAAAAA=="}, b""))
    klocal.refused("a wrong Content-MD5", 400, "BadDigest", signed("PUT", "/sums/k", {"Content-MD5": base64.b64encode(bytes(16)).decode()}, b"x"))
    klocal.refused("a Content-MD5 that is none", 400, "InvalidDigest", signed("PUT", "/sums/k", {"Content-MD5": "x"}, b"x"))
    signed("PUT", "/sums/own", {}, b"123456789")
    answer = signed("HEAD", "/sums/own", {"x-amz-checksum-mode": "ENABLED"})
    check.equal("without a checksum S3 keeps its CRC64NVME", CRC["123456789"]["crc64nvme"], answer[1].get("x-amz-checksum-crc64nvme"))
    known = {"CRC32": ("COMPOSITE", None), "SHA256": ("COMPOSITE", "uWBwpe1dxI4Vw8Gf0X9ynOdw/SS6VBzfWm9giiv1sf4=-3")}
    for algorithm, (kind, wanted) in known.items():
        check_known(client, algorithm, kind, wanted)
    check_full("CRC64NVME", "i+6LR0y3eFo=")
    check_full("CRC32", "WgDhBQ==")


def check_known(client, algorithm, kind, wanted):
    """Three parts whose checksums are published."""
    made = client.create_multipart_upload(Bucket="sums", Key="three", ChecksumAlgorithm=algorithm)
    parts = []
    for number in (1, 2, 3):
        result = client.upload_part(Bucket="sums", Key="three", UploadId=made["UploadId"], PartNumber=number, ChecksumAlgorithm=algorithm,
                                    Body=bytes([64 + number]) * (5 * MIB))
        parts.append({"PartNumber": number, "ETag": result["ETag"], f"Checksum{algorithm}": result[f"Checksum{algorithm}"]})
    bare = [{k: v for k, v in p.items() if not k.startswith("Checksum")} for p in parts]
    check.refused(f"{algorithm}: a completion must name the parts' checksums", ["InvalidRequest"], lambda: client.complete_multipart_upload(
        Bucket="sums", Key="three", UploadId=made["UploadId"], MultipartUpload={"Parts": bare}))
    done = client.complete_multipart_upload(Bucket="sums", Key="three", UploadId=made["UploadId"], MultipartUpload={"Parts": parts})
    if wanted is None:
        digests = b"".join(base64.b64decode(p[f"Checksum{algorithm}"]) for p in parts)
        wanted = base64.b64encode(zlib.crc32(digests).to_bytes(4, "big")).decode() + "-3"
    check.equal(f"{algorithm} over three known parts", wanted, done.get(f"Checksum{algorithm}"))
    head = client.head_object(Bucket="sums", Key="three", ChecksumMode="ENABLED")
    check.equal(f"{algorithm} of the object ({kind})", wanted, head.get(f"Checksum{algorithm}"))
    head = client.head_object(Bucket="sums", Key="three", ChecksumMode="ENABLED", PartNumber=2)
    check.equal(f"{algorithm} of its second part", parts[1][f"Checksum{algorithm}"], head.get(f"Checksum{algorithm}"))


def check_full(algorithm, wanted):
    """The checksum over the whole, combined from the parts'; raw, because older clients do not know it."""
    header = f"x-amz-checksum-{algorithm.lower()}"
    body = signed("POST", "/sums/full?uploads=", {"x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": "FULL_OBJECT"})[2].decode()
    upload = body.split("<UploadId>")[1].split("<")[0]
    parts = ""
    for number in (1, 2, 3):
        answer = signed("PUT", f"/sums/full?partNumber={number}&uploadId={upload}", {}, bytes([64 + number]) * (5 * MIB))
        parts += f"<Part><PartNumber>{number}</PartNumber><ETag>{answer[1]['etag']}</ETag></Part>"
    path, body = f"/sums/full?uploadId={upload}", f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    klocal.refused(f"{algorithm}: a wrong checksum of the whole", 400, "BadDigest", signed("POST", path, {header: base64.b64encode(bytes(len(
        base64.b64decode(wanted)))).decode()}, body))
    klocal.refused(f"{algorithm}: another type", 400, "BadDigest", signed("POST", path, {"x-amz-checksum-type": "COMPOSITE"}, body))
    answer = signed("POST", path, {header: wanted, "x-amz-checksum-type": "FULL_OBJECT"}, body)
    check.ok(f"{algorithm} of three known parts, whole", answer[0] == 200 and wanted.encode() in answer[2], answer)


def regions(client):
    client.create_bucket(Bucket="abroad", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    check.equal("a bucket may be abroad", "eu-west-1", service.client(
        "s3", region="eu-west-1").get_bucket_location(Bucket="abroad")["LocationConstraint"])
    answer = signed("PUT", "/abroad/k", {}, b"x")
    klocal.refused("asked here, it is elsewhere", 301, "PermanentRedirect", answer)
    check.equal("and the answer says where", "eu-west-1", answer[1].get("x-amz-bucket-region"))
    answer = signed("HEAD", "/abroad/k")
    check.equal("also to HEAD", (301, "eu-west-1", b""), (answer[0], answer[1].get("x-amz-bucket-region"), answer[2]))
    answer = signed("PUT", "/abroad/k", {}, b"x", region="ap-south-1")
    klocal.refused("signed for a third region", 400, "AuthorizationHeaderMalformed", answer)
    check.ok("the answer names the right one", b"<Region>eu-west-1</Region>" in answer[2], answer[2])
    check.equal("signed for its own region", 200, signed("PUT", "/abroad/k", {}, b"x", region="eu-west-1")[0])
    check.equal("boto3 follows by itself", b"x", client.get_object(Bucket="abroad", Key="k")["Body"].read())
    check.refused("us-east-1 is not spelled", ["InvalidLocationConstraint"], lambda: client.create_bucket(
        Bucket="spelled", CreateBucketConfiguration={"LocationConstraint": "us-east-1"}))
    check.refused("a regional endpoint makes its own", ["IllegalLocationConstraintException"], lambda: service.client(
        "s3", region="eu-west-1").create_bucket(Bucket="spelled", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}))


def hosts(client):
    """Virtual hosts: the bucket in the host name."""
    client.create_bucket(Bucket="virtual")
    host = f"virtual.localhost:{service.port}"
    check.equal("PUT to a virtual host", 200, signed("PUT", "/dir/key", {}, b"data", host=host)[0])
    check.equal("the path is the whole key", b"data", client.get_object(Bucket="virtual", Key="dir/key")["Body"].read())
    check.ok("GET / lists the bucket", b"<Key>dir/key</Key>" in signed("GET", "/", host=host)[2])
    klocal.refused("signed for another host", 403, "SignatureDoesNotMatch", other_host())
    own = service.client("s3", url=f"http://localhost:{service.port}", s3={"addressing_style": "virtual"})
    resolve = socket.getaddrinfo  # not every machine knows *.localhost
    socket.getaddrinfo = lambda host, *more, **words: resolve("127.0.0.1", *more, **words)
    try:
        check.equal("boto3 with virtual hosts", b"data", own.get_object(Bucket="virtual", Key="dir/key")["Body"].read())
    finally:
        socket.getaddrinfo = resolve


def other_host():
    request = botocore.awsrequest.AWSRequest("GET", service.url + "/dir/key", data=b"", headers={"Host": "other.localhost"})
    botocore.auth.S3SigV4Auth(botocore.credentials.Credentials(klocal.KEY, klocal.SECRET), "s3", "us-east-1").add_auth(request)
    return service.send("GET", "/dir/key", {**dict(request.headers.items()), "Host": "virtual.localhost"})


def presigned(client):
    client.create_bucket(Bucket="presign")
    path = lambda url: url[len(service.url):]
    put = client.generate_presigned_url("put_object", Params={"Bucket": "presign", "Key": "a b+\u00fc"}, ExpiresIn=60)
    check.equal("a presigned PUT", 200, service.send("PUT", path(put), {}, b"data")[0])
    get = client.generate_presigned_url("get_object", Params={"Bucket": "presign", "Key": "a b+\u00fc", "ResponseContentType": "x/y"})
    answer = service.send("GET", path(get))
    check.equal("a presigned GET with another type", (200, b"data", "x/y"), (answer[0], answer[2], answer[1].get("content-type")))
    answer = service.send("GET", path(get), {"Range": "bytes=1-2"})
    check.equal("and a range", (206, b"at"), (answer[0], answer[2]))


service = klocal.Klocal()
check.say(f"# botocore {botocore.__version__}")
for part in (buckets, objects, reading, listing, copying, multipart, checksums, regions, hosts, presigned):
    with check.case(part.__name__):
        service.admin("reset", {})
        part(service.client("s3"))
check.equal("klocal ends cleanly after all", 0, service.stop())
klocal.both_pythons()
check.done()

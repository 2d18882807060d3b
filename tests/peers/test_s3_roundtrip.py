#!/usr/bin/env python3
"""Files through s3-cp, and through boto3 and the AWS CLI on the other side, byte for byte, with the keys and sizes that
trip clients, on every S3 there is."""
# limit: 600
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check
import services

QUICK = bool(os.environ.get("QUICK"))
ALL_BYTES = bytes(range(256))
SMALL = ALL_BYTES + b"\r\n\0 end"
FILES = [
    ("empty", b""),
    ("one-byte", b"\0"),
    ("all-bytes", ALL_BYTES),
    ("5-MiB", ALL_BYTES * (5 * 4096)),
    ("5-MiB-and-one", ALL_BYTES * (5 * 4096) + b"x"),
]
KEYS = [
    "file1.txt", "two  spaces and one at the end ", "a+b", "100%", "%41%2F", "double//slash", "a/../b", "a/./b", "..", "../up",
    "/leading", "tilde~.-_", "reserved;/?:@&=+$,#[]", "sub!*'()delims", "quotes \"'`", "back\\slash",
    "<xml>&amp;</xml>", "Grüße/日本語/😀", "e\u0301 and \u00e9", "k" * 1024, "ü" * 512,
]


class Place:
    """One bucket of one service, and a folder for the files."""

    def __init__(self, service, bucket, folder):
        self.service, self.bucket, self.folder = service, bucket, folder
        self.boto3 = service.client("s3")

    def url(self, key):
        return f"s3://{self.bucket}/{key}"

    def file(self, name, data):
        with open(os.path.join(self.folder, name), "wb") as out:
            out.write(data)
        return name

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as data:
            return data.read()

    def copy(self, source, target, **more):
        return self.service.tool("s3-cp", source, target, cwd=self.folder, **more)

    def cli_copy(self, source, target, **more):
        return self.service.cli("s3", "cp", source, target, cwd=self.folder, **more)

    def stored(self, key):
        return self.boto3.get_object(Bucket=self.bucket, Key=key)["Body"].read()


def sizes(place):
    """Files up and down, and what is printed about them."""
    name = place.service.name
    for file, data in FILES:
        with check.case(f"{name}: {file}"):
            printed = place.copy(place.file(file, data), place.url(file))
            check.equal(f"{name}: {file} up, printed", f"upload: ./{file} to s3://{place.bucket}/{file}\n", printed)
            check.equal(f"{name}: {file} up, read by boto3", data, place.stored(file))
            place.boto3.put_object(Bucket=place.bucket, Key="theirs-" + file, Body=data)
            printed = place.copy(place.url("theirs-" + file), "down-" + file)
            check.equal(f"{name}: {file} down, printed",
                        f"download: s3://{place.bucket}/theirs-{file} to ./down-{file}\n", printed)
            check.equal(f"{name}: {file} written by boto3, down", data, place.read("down-" + file))
        with check.case(f"{name}: {file} and the AWS CLI"):
            place.cli_copy(place.url(file), "by-cli")
            check.equal(f"{name}: {file} up, read by the AWS CLI", data, place.read("by-cli"))
            place.cli_copy(file, place.url("cli-" + file))
            place.copy(place.url("cli-" + file), "down-cli-" + file)
            check.equal(f"{name}: {file} written by the AWS CLI, down", data, place.read("down-cli-" + file))


def pipes(place):
    name = place.service.name
    for file, data in FILES:
        with check.case(f"{name}: {file} through pipes"):
            place.copy("-", place.url("piped-" + file), input=data)
            check.equal(f"{name}: {file} from a pipe", data, place.stored("piped-" + file))
            check.equal(f"{name}: {file} into a pipe, nothing else on stdout", data,
                        place.copy(place.url("piped-" + file), "-", binary=True))


def keys(place):
    """Each key up and down with its own bytes, then all of them by their names in the listing."""
    name = place.service.name
    bucket, place.bucket = place.bucket, place.bucket + "-keys"
    place.boto3.create_bucket(Bucket=place.bucket)
    written = []
    for number, key in enumerate(KEYS):
        text = f"{name}: key {key[:24]!r}" + (f" of {len(key.encode())} bytes" if len(key) > 24 else "")
        with check.case(text):
            data = SMALL + str(number).encode()
            place.copy(place.file("up", data), place.url(key))
            written.append(key)
            check.equal(f"{text}: boto3 reads what s3-cp wrote", data, place.stored(key))
            place.boto3.put_object(Bucket=place.bucket, Key=key, Body=data + b"2")
            place.copy(place.url(key), "down")
            check.equal(f"{text}: s3-cp reads what boto3 wrote", data + b"2", place.read("down"))
            if not QUICK or number % 4 == 0:
                check.equal(f"{text}: the AWS CLI reads it", data + b"2", place.cli_copy(place.url(key), "-", binary=True))
    with check.case(f"{name}: a destination that ends in / is a folder"):
        place.copy(place.file("up", SMALL), place.url("folder.dir/"))
        written.append("folder.dir/up")
        check.equal(f"{name}: a destination that ends in / gets the file's name", SMALL, place.stored("folder.dir/up"))
    listed = [entry["Key"] for entry in place.boto3.list_objects_v2(Bucket=place.bucket)["Contents"]]
    check.equal(f"{name}: the listing has exactly the keys written", sorted(written), sorted(listed))
    place.bucket = bucket


def failures(place):
    """What is not there stays not there: a clear status, and nothing half-written."""
    name = place.service.name
    for what, source, target in (("an absent key", place.url("absent"), "absent-down"),
                                 ("an absent bucket", "s3://absent-" + place.bucket + "/x", "absent-down"),
                                 ("an absent file", "absent-file", place.url("absent-up"))):
        text = f"{name}: {what} is a failure with a message"
        try:
            place.copy(source, target)
            check.ok(text, False, "it succeeded")
        except services.Failed as failed:
            check.ok(text, failed.status in (1, 2, 5) and failed.stderr.strip(), failed)
    check.ok(f"{name}: no file is left of a failed download", not os.path.exists(os.path.join(place.folder, "absent-down")))
    check.refused(f"{name}: no object is left of a failed upload", ["NoSuchKey"], lambda: place.stored("absent-up") and {})


def virtual_host(place):
    """The bucket as a host name: both radosgw and klocal answer at BUCKET.localhost too."""
    url = os.environ.get(f"{place.service.prefix}_VHOST_URL")
    if url:
        service = services.Service(f"{place.service.name} by host name", place.service.prefix, url)
        place = Place(service, place.bucket, place.folder)
        for key in ("by-host.txt", "by host/a b+c%//../ü"):
            with check.case(f"{service.name}: {key}"):
                place.copy(place.file("up", SMALL), place.url(key))
                check.equal(f"{service.name}: {key!r} up", SMALL, place.stored(key))
                place.copy(place.url(key), "down")
                check.equal(f"{service.name}: {key!r} down", SMALL, place.read("down"))


def main():
    if not services.tool_exists("s3-cp"):
        check.skip("S3 round trips", "s3-cp is not built")
        check.done()
    services.skip_absent("RADOSGW", "MOTO", "KLOCAL")
    for service in services.s3_services():
        folder = tempfile.mkdtemp()
        with check.case(f"{service.name}: round trips"):
            place = Place(service, f"roundtrip-{os.getpid()}", folder)
            place.boto3.create_bucket(Bucket=place.bucket)
            for part in (sizes, pipes, keys, failures, virtual_host):
                with check.case(f"{service.name}: {part.__name__}"):
                    part(place)
        shutil.rmtree(folder)
    check.done()


main()

#!/usr/bin/env python3
"""Files through s3cp and s3-cp, and through boto3 and the AWS CLI on the other side, byte for byte, with the keys and
sizes that trip clients, on every S3 there is. The AWS CLI starts in seconds: it takes whole folders at a time."""
# limit: 1800
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check
import services

QUICK = bool(os.environ.get("QUICK"))
LONG = bool(os.environ.get("LONG"))
ALL_BYTES = bytes(range(256))
SMALL = ALL_BYTES + b"\r\n\0 end"
MIB = 1 << 20
PART = 5 * MIB
WORDS = ("--part-size", str(PART))


def noise(length):
    return (ALL_BYTES * (length // 256 + 1))[:length]


FILES = {"empty": b"", "one-byte": b"\0", "all-bytes": ALL_BYTES, "a-part-less-one": noise(PART - 1), "a-part": noise(PART),
         "a-part-and-one": noise(PART + 1), "3-parts": noise(2 * PART + 77)}
if LONG:
    FILES["64-MiB"] = noise(64 * MIB)
KEYS = [
    "file1.txt", "two  spaces and one at the end ", "a+b", "100%", "%41%2F", "double//slash", "a/../b", "a/./b", "..", "../up",
    "/leading", "tilde~.-_", "reserved;/?:@&=+$,#[]", "sub!*'()delims", "quotes \"'`", "back\\slash",
    "<xml>&amp;</xml>", "Grüße/日本語/😀", "e\u0301 and \u00e9", "k" * 1024, "ü" * 512,
]
# Those the AWS CLI can write below a folder, and a file system too.
PLAIN_KEYS = [key for key in KEYS if len(key.encode()) < 200 and not {"", ".", ".."} & set(key.split("/"))]


class Place:
    """One bucket of one service, and a folder for the files."""

    def __init__(self, service, bucket, folder):
        self.service, self.bucket, self.folder = service, bucket, folder
        self.boto3 = service.client("s3")
        # moto's checksums of parts, and all its CRC64NVMEs, are wrong.
        self.words = WORDS + (("--no-checksums",) if service.name == "moto" else ())

    def url(self, key):
        return f"s3://{self.bucket}/{key}"

    def path(self, name):
        return os.path.join(self.folder, name)

    def file(self, name, data):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as out:
            out.write(data)
        return name

    def read(self, name):
        with open(self.path(name), "rb") as data:
            return data.read()

    def copy(self, source, target, *words, tool="s3cp", **more):
        return self.service.tool(tool, source, target, *words, cwd=self.folder, **more)

    def cli_copy(self, source, target, *words, **more):
        return self.service.cli("s3", "cp", source, target, "--only-show-errors", *words, cwd=self.folder, **more)

    def store(self, key, data):
        self.boto3.put_object(Bucket=self.bucket, Key=key, Body=data)

    def stored(self, key):
        return self.boto3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def tree(self, name):
        """What lies below a folder, as name: bytes."""
        found = {}
        for at, _, names in os.walk(self.path(name)):
            for file in names:
                relative = os.path.relpath(os.path.join(at, file), self.path(name))
                found[relative] = self.read(os.path.join(name, relative))
        return found


def sizes(place):
    """Files up and down one by one, and what is printed about them."""
    name = place.service.name
    for file, data in FILES.items():
        place.file(f"files/{file}", data)
        for tool, words in (("s3cp", place.words), ("s3-cp", ())):
            with check.case(f"{name}: {file} by {tool}"):
                text, key = f"{name}: {file} by {tool}", f"{tool}/{file}"
                printed = place.copy(f"files/{file}", place.url(key), *words, tool=tool)
                check.equal(f"{text} up, printed", f"upload: ./files/{file} to s3://{place.bucket}/{key}\n", printed)
                check.equal(f"{text} up, read by boto3", data, place.stored(key))
                place.store("theirs/" + file, data)
                printed = place.copy(place.url("theirs/" + file), "down-" + file, *words, tool=tool)
                check.equal(f"{text} down, printed",
                            f"download: s3://{place.bucket}/theirs/{file} to ./down-{file}\n", printed)
                check.equal(f"{text}: written by boto3, down", data, place.read("down-" + file))
    with check.case(f"{name}: in boto3's parts"):
        from boto3.s3.transfer import TransferConfig
        place.boto3.upload_file(place.path("files/3-parts"), place.bucket, "boto3-parts",
                                Config=TransferConfig(multipart_threshold=PART, multipart_chunksize=PART))
        place.copy(place.url("boto3-parts"), "down-parts", *place.words)
        check.equal(f"{name}: boto3's parts, down", FILES["3-parts"], place.read("down-parts"))
        place.boto3.download_file(place.bucket, "s3cp/3-parts", place.path("by-boto3"))
        check.equal(f"{name}: s3cp's parts, down in boto3's ranges", FILES["3-parts"], place.read("by-boto3"))
        check.equal(f"{name}: the same parts make the same ETag",
                    place.boto3.head_object(Bucket=place.bucket, Key="boto3-parts")["ETag"],
                    place.boto3.head_object(Bucket=place.bucket, Key="s3cp/3-parts")["ETag"])


def folders(place):
    """The same files as folders: ours up, the AWS CLI's down, and the reverse."""
    name = place.service.name
    with check.case(f"{name}: folders"):
        place.copy("files", place.url("ours"), "-r", *place.words)
        place.cli_copy(place.url("ours"), "by-cli", "--recursive")
        check.equal(f"{name}: s3cp -r up, read by the AWS CLI", FILES, place.tree("by-cli"))
        place.cli_copy("files", place.url("theirs-r"), "--recursive")
        place.copy(place.url("theirs-r"), "by-s3cp", "-r", *place.words)
        check.equal(f"{name}: written by the AWS CLI, s3cp -r down", FILES, place.tree("by-s3cp"))
        place.copy(place.url("ours"), place.url("inside"), "-r", *place.words)
        place.copy(place.url("inside"), "back", "-r", *place.words)
        check.equal(f"{name}: copied inside S3, down", FILES, place.tree("back"))
        before = place.copy("files", place.url("ours"), "-r", "-u")
        check.equal(f"{name}: --update has nothing to do", "", before)
        listed = place.service.tool("s3cp", "-l", "-r", place.url("ours/"))
        check.equal(f"{name}: -l lists them with their sizes", sorted(f"{len(data)} ours/{file}" for file, data in
                                                                      FILES.items()),
                    sorted(" ".join(line.split()[2:]) for line in listed.splitlines()))
        place.service.tool("s3cp", "--delete", "-r", place.url("inside"))
        check.equal(f"{name}: --delete -r", 0, place.boto3.list_objects_v2(Bucket=place.bucket, Prefix="inside/")["KeyCount"])
    check.equal(f"{name}: no parts are left", [], place.boto3.list_multipart_uploads(Bucket=place.bucket).get("Uploads", []))


def pipes(place):
    name = place.service.name
    for file, data in FILES.items():
        with check.case(f"{name}: {file} through pipes"):
            place.copy("-", place.url("piped-" + file), *place.words, input=data)
            check.equal(f"{name}: {file} from a pipe", data, place.stored("piped-" + file))
            check.equal(f"{name}: {file} into a pipe, nothing else on stdout", data,
                        place.copy(place.url("piped-" + file), "-", *place.words, binary=True))


def keys(place):
    """Each key up and down with its own bytes, then all of them by their names in the listing."""
    name = place.service.name
    bucket, place.bucket = place.bucket, place.bucket + "-keys"
    place.boto3.create_bucket(Bucket=place.bucket)
    written = {}
    for number, key in enumerate(KEYS):
        text = f"{name}: key {key[:24]!r}" + (f" of {len(key.encode())} bytes" if len(key) > 24 else "")
        with check.case(text):
            data = SMALL + str(number).encode()
            place.copy(place.file("up", data), place.url(key), tool="s3-cp" if number % 2 else "s3cp")
            written[key] = data + b"2"
            check.equal(f"{text}: boto3 reads what we wrote", data, place.stored(key))
            place.store(key, data + b"2")
            place.copy(place.url(key), "down", tool="s3cp" if number % 2 else "s3-cp")
            check.equal(f"{text}: we read what boto3 wrote", data + b"2", place.read("down"))
            if key not in PLAIN_KEYS and place.service.name == "klocal" and (LONG or "." in key):
                check.equal(f"{text}: the AWS CLI reads it", data + b"2", place.cli_copy(place.url(key), "-", binary=True))
    with check.case(f"{name}: the keys as files"):
        files = [word for key in KEYS if key not in PLAIN_KEYS for word in ("--exclude", key)]
        place.cli_copy(place.url(""), "keys-by-cli", "--recursive", *files)
        found = place.tree("keys-by-cli")
        check.equal(f"{name}: the AWS CLI reads the others all at once", {key: written[key] for key in PLAIN_KEYS},
                    {key: found.get(key) for key in PLAIN_KEYS})
        place.copy(place.file("up", SMALL), place.url("folder.dir/"))
        written["folder.dir/up"] = SMALL
        check.equal(f"{name}: a destination that ends in / gets the file's name", SMALL, place.stored("folder.dir/up"))
    listed = [entry["Key"] for entry in place.boto3.list_objects_v2(Bucket=place.bucket)["Contents"]]
    check.equal(f"{name}: the listing has exactly the keys written", sorted(written), sorted(listed))
    place.bucket = bucket


def failures(place):
    """What is not there stays not there: a clear status, and nothing half-written."""
    name = place.service.name
    for what, source, target, tool in [
            (what, source, target, tool) for tool in ("s3cp", "s3-cp") for what, source, target in (
                ("an absent key", place.url("absent"), "absent-down"),
                ("an absent bucket", "s3://absent-" + place.bucket + "/x", "absent-down"),
                ("an absent file", "absent-file", place.url("absent-up")))]:
        text = f"{name}: {what} is a failure of {tool} with a message"
        try:
            place.copy(source, target, tool=tool)
            check.ok(text, False, "it succeeded")
        except services.Failed as failed:
            check.ok(text, failed.status in (1, 2, 5) and failed.stderr.strip(), failed)
    check.ok(f"{name}: no file is left of a failed download", not os.path.exists(place.path("absent-down")))
    check.refused(f"{name}: no object is left of a failed upload", ["NoSuchKey"], lambda: place.stored("absent-up") and {})


def conditions(place):
    """Only new objects; what describes them; a URL for anyone."""
    name = place.service.name
    place.copy(place.file("up", SMALL), place.url("described"), "--content-type", "text/x", "--metadata", "colour=blue")
    head = place.boto3.head_object(Bucket=place.bucket, Key="described")
    check.equal(f"{name}: type and metadata", ("text/x", {"colour": "blue"}), (head["ContentType"], head["Metadata"]))
    if name == "moto":
        check.skip(f"{name}: a presigned URL", "moto answers it with its own failure")
        return
    url = place.service.tool("s3cp", "--presign", "60", place.url("described")).strip()
    import urllib.request
    with urllib.request.urlopen(url, timeout=60) as answer:
        check.equal(f"{name}: a presigned URL gives the object", SMALL, answer.read())


def virtual_host(place):
    """The bucket as a host name: both radosgw and klocal answer at BUCKET.localhost too."""
    url = os.environ.get(f"{place.service.prefix}_VHOST_URL")
    if url:
        service = services.Service(f"{place.service.name} by host name", place.service.prefix, url)
        place = Place(service, place.bucket, place.folder)
        for key in ("by-host.txt", "by host/a b+c%//../ü"):
            for tool in ("s3cp", "s3-cp"):
                with check.case(f"{service.name}: {key} by {tool}"):
                    place.copy(place.file("up", SMALL), place.url(key), tool=tool)
                    check.equal(f"{service.name}: {key!r} up by {tool}", SMALL, place.stored(key))
                    place.copy(place.url(key), "down", tool=tool)
                    check.equal(f"{service.name}: {key!r} down by {tool}", SMALL, place.read("down"))


def main():
    if not services.tool_exists("s3cp"):
        check.skip("S3 round trips", "s3cp is not built")
        check.done()
    services.skip_absent("RADOSGW", "MOTO", "KLOCAL")
    for service in services.s3_services():
        folder = tempfile.mkdtemp()
        with check.case(f"{service.name}: round trips"):
            place = Place(service, f"roundtrip-{os.getpid()}", folder)
            place.boto3.create_bucket(Bucket=place.bucket)
            for part in (sizes, folders, pipes, keys, failures, conditions, virtual_host):
                with check.case(f"{service.name}: {part.__name__}"):
                    part(place)
        shutil.rmtree(folder)
    check.done()


main()

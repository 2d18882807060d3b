#!/usr/bin/env python3
"""s3cp with 5 GiB and with 20,000 files, both ways: right to the last byte, and in how little memory. Memory is that of
the release build, which is made here when it is not there."""
# long
# limit: 3000
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
RELEASE = os.environ.get("RELEASE_DIR") or os.path.join(ROOT, "build-release")
MIB, GIB = 1 << 20, 1 << 30
FILES = int(os.environ.get("S3CP_FILES", "20000"))
LENGTH = int(os.environ.get("S3CP_LENGTH", 5 * GIB))
BUCKET = "large"


def build():
    if os.environ.get("RELEASE_DIR"):
        return
    subprocess.run(["cmake", "-S", ROOT, "--preset", "release"], stdout=subprocess.DEVNULL, check=True, cwd=ROOT)
    subprocess.run(["cmake", "--build", RELEASE, "--parallel", "2", "--target", "s3cp", "klocal"],
                   stdout=subprocess.DEVNULL, check=True)


def peak_of(process):
    """Watches the most memory it ever had, in KiB, until it ends. What wait4 says counts the parent's before exec."""
    peak = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        peak = max(peak, int(line.split()[1]))
        except (FileNotFoundError, ProcessLookupError):
            break
        time.sleep(0.01)
    return peak


def run(place, text, limit_mib, *words, stdin=None, stdout=subprocess.DEVNULL):
    began = time.monotonic()
    process = subprocess.Popen([f"{RELEASE}/bin/s3cp", "--endpoint-url", place.url, "-q", *words],
                               env=place.environment(), stdin=stdin or subprocess.DEVNULL, stdout=stdout,
                               stderr=subprocess.PIPE)
    said = []
    reader = threading.Thread(target=lambda: said.append(process.stderr.read().decode()))
    reader.start()
    peak = peak_of(process)
    process.wait()
    reader.join()
    check.say(f"# {text}: {peak / 1024:.1f} MiB at most, {time.monotonic() - began:.1f} s")
    check.ok(f"{text}: exit 0", process.returncode == 0, f"exit {process.returncode}\n{said[0][:1000]}")
    check.ok(f"{text}: below {limit_mib} MiB", 0 < peak < limit_mib * 1024, f"{peak} KiB")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def one_large(place, s3, folder):
    source, back = os.path.join(folder, "large"), os.path.join(folder, "back")
    with open(source, "wb") as file:
        file.truncate(LENGTH)
        for at in (0, LENGTH // 3, LENGTH - 100000):
            file.seek(at)
            file.write(os.urandom(100000))
    wanted = digest(source)
    run(place, "one large file up", 64, source, f"s3://{BUCKET}/large")
    run(place, "one large file down", 64, f"s3://{BUCKET}/large", back)
    check.equal("one large file: the same", wanted, digest(back))
    os.unlink(back)
    with open(source, "rb") as pipe:
        writer = subprocess.Popen(["cat"], stdin=pipe, stdout=subprocess.PIPE)
        run(place, "a large pipe up", 64, "-", f"s3://{BUCKET}/piped", stdin=writer.stdout)
        writer.stdout.close()
        writer.wait()
    with open(back, "wb") as file:
        cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=file)
        run(place, "a large pipe down", 64, f"s3://{BUCKET}/piped", "-", stdout=cat.stdin)
        cat.stdin.close()
        cat.wait()
    check.equal("a large pipe: the same", wanted, digest(back))
    os.unlink(back)
    s3.delete_object(Bucket=BUCKET, Key="piped")
    run(place, "a large copy inside", 64, f"s3://{BUCKET}/large", f"s3://{BUCKET}/copied", "--part-size", "512MiB")
    s3.delete_object(Bucket=BUCKET, Key="large")
    s3.download_file(BUCKET, "copied", back)
    check.equal("one large file: boto3 reads the copy", wanted, digest(back))
    os.unlink(back)
    check.equal("one large file: no parts are left", [], s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))
    s3.delete_object(Bucket=BUCKET, Key="copied")
    s3.upload_file(source, BUCKET, "by-boto3")
    os.unlink(source)
    run(place, "one large file of boto3 down", 64, f"s3://{BUCKET}/by-boto3", back)
    check.equal("one large file of boto3: the same", wanted, digest(back))
    os.unlink(back)


def name_of(number):
    return f"{number // 500:03d}/file {number:05d}.txt"


def many_small(place, s3, folder):
    source, back = os.path.join(folder, "many"), os.path.join(folder, "many-back")
    for number in range(FILES):
        path = os.path.join(source, name_of(number))
        if number % 500 == 0:
            os.makedirs(os.path.dirname(path))
        with open(path, "w", encoding="ascii") as file:
            file.write(f"{number}\n" * (number % 200))
    run(place, f"{FILES} files up", 16, "-r", source, f"s3://{BUCKET}/many")
    run(place, f"{FILES} files down", 16, "-r", f"s3://{BUCKET}/many", back)
    different = subprocess.run(["diff", "-r", source, back], capture_output=True, text=True, check=False)
    check.equal(f"{FILES} files: the same", (0, ""), (different.returncode, different.stdout[:500]))
    run(place, f"{FILES} files up again, --update", 16, "-r", "-u", source, f"s3://{BUCKET}/many")
    run(place, f"{FILES} files down again, --update", 16, "-r", "-u", f"s3://{BUCKET}/many", back)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="many/")
    sizes = {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", [])}
    check.equal(f"{FILES} files: boto3 lists them all", {f"many/{name_of(n)}": len(f"{n}\n") * (n % 200)
                                                        for n in range(FILES)}, sizes)
    for number in range(0, FILES, 97):
        body = s3.get_object(Bucket=BUCKET, Key=f"many/{name_of(number)}")["Body"].read()
        if body != f"{number}\n".encode() * (number % 200):
            check.ok(f"boto3 reads file {number}", False, body[:100])
    check.ok(f"{FILES} files: boto3 reads every 97th", True)
    shutil.rmtree(back)
    program = os.environ.get("AWS_CLI") or shutil.which("aws")
    if program:
        subprocess.run([program, "--endpoint-url", place.url, "s3", "cp", "--recursive", "--only-show-errors",
                        f"s3://{BUCKET}/many/001", back], env=place.environment(), check=True, timeout=600)
        check.equal("the AWS CLI reads a folder of them", "",
                    subprocess.run(["diff", "-r", os.path.join(source, "001"), back], capture_output=True, text=True,
                                   check=False).stdout[:500])
    run(place, f"{FILES} files deleted", 16, "--delete", "-r", f"s3://{BUCKET}/many")
    check.equal(f"{FILES} files deleted: none is left", 0, s3.list_objects_v2(Bucket=BUCKET)["KeyCount"])


def main():
    build()
    os.environ["KLOCAL"] = os.environ.get("KLOCAL") or f"{RELEASE}/bin/klocal"
    import klocal
    klocal.need_boto3()
    with tempfile.TemporaryDirectory(prefix="s3cp-large-") as folder:
        place = klocal.Klocal("--bucket", BUCKET, "--data-dir", folder)
        s3 = place.client("s3")
        for part in (many_small, one_large):
            with check.case(part.__name__):
                part(place, s3, folder)
    check.done()


main()

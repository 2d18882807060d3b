"""Counting assertions for suites in Python: one line per check, the sums as the last line, exit 0, 1 or 77 (all skipped).

A suite ends with check.done(); one that dies earlier has no last line, which tests/run counts as failed.
"""
import contextlib
import os
import sys
import threading
import traceback

passed = failed = skipped = 0
lock = threading.Lock()


def say(*lines):
    """Of several threads each line stays whole, and those of one call together."""
    with lock:
        print("\n".join(lines), flush=True)


def short(value):
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:280]}... ({len(text)} characters)"


def ok(text, condition, detail=""):
    global passed, failed
    with lock:
        passed += bool(condition)
        failed += not condition
    if condition:
        say(f"ok - {text}")
    else:
        say(f"not ok - {text}", *[f"    {line}" for line in str(detail).splitlines()])
    return bool(condition)


def equal(text, expected, actual):
    return ok(text, expected == actual, f"expected: {short(expected)}\nactual:   {short(actual)}")


def skip(text, reason):
    global skipped
    with lock:
        skipped += 1
    say(f"skip - {text}: {reason}")


class Skip(Exception):
    """Raised inside a case: the rest of it cannot be checked here, for the reason given."""


@contextlib.contextmanager
def case(text):
    """What goes wrong inside is one failed check, and the suite goes on."""
    try:
        yield
    except Skip as reason:
        skip(text, reason)
    except Exception:
        ok(text, False, traceback.format_exc(limit=2)[-2000:])


def refused(text, codes, call):
    """The call is refused by the service with one of these error codes (botocore's ClientError)."""
    try:
        answer = call()
    except Exception as error:
        code = getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__)
        detail = f"refused with {code}: {error}"
        return ok(text, any(wanted in (code, None) or wanted in str(error) for wanted in codes), detail)
    answer.pop("ResponseMetadata", None)
    return ok(text, False, f"accepted: {short(answer)}")


def require(name):
    """An environment variable the whole suite needs, or all of it is skipped."""
    value = os.environ.get(name)
    if not value:
        skip(os.path.basename(sys.argv[0]), f"{name} is not set: its service is not available")
        done()
    return value


def done():
    say(f"{passed} passed, {failed} failed, {skipped} skipped")
    if failed:
        sys.exit(1)
    if passed:
        sys.exit(0)
    sys.exit(77 if skipped else 1)

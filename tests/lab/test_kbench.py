#!/usr/bin/python3
"""kbench where the truth is known: the internet path is 0, 5, 20 and 80 ms longer than the one by the endpoint."""
# alone
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import stage  # noqa: E402
from stage import check  # noqa: E402

REQUESTS = 200 if os.environ.get("LONG") else 40


def measured(lab, vpce):
    ran = lab.on("public", "kbench", "path", "-q", "-a", "https://kinesis.us-east-2.amazonaws.com", "-b", f"https://{vpce}", "--name-a", "gateway",
                 "--name-b", "endpoint", "-n", str(REQUESTS), "--json", "-", limit=280)
    if ran.status:
        raise RuntimeError(f"kbench: {ran}")
    return json.loads(ran.out)


def claims(trip, delay):
    """What was said of a delay, and whether it is so."""
    value, low, high = trip["difference_ms"]
    said = {"a difference is claimed where there is one": trip["differs"] == (delay > 0)}
    if delay:
        said["it is within 5 %"] = abs(-value - delay) <= 0.05 * delay
        said["its interval covers it"] = low <= -delay <= high
    return said


def one(lab, vpce, delay):
    """An interval of 95 % misses now and then: what the first trial says, or else both of two more say."""
    lab.stage("kinesis-interface", "--private-dns", "off", "--delay", str(delay))
    results = [measured(lab, vpce)]
    if not all(claims(results[0]["round_trip"], delay).values()):
        results += [measured(lab, vpce), measured(lab, vpce)]
    trips = [r["round_trip"] for r in results]
    check.say(*[f"{delay} ms: {trip['sentence']}" for trip in trips])
    for text in claims(trips[0], delay):
        check.ok(f"{delay} ms: {text}", all(claims(trip, delay)[text] for trip in trips[1:] or trips), trips)
    result = results[-1]
    for way, address in zip(result["ways"], ("198.51.100.10", "10.0.1.50")):
        check.equal(f"{delay} ms: {way['label']}: where the requests went", [f"{address}:443"], [t["address"] for t in way["took"]])
        check.equal(f"{delay} ms: {way['label']}: and what the diagnosis says of it", [(address, address.startswith("10."))],
                    [(a["address"], a["in_vpc"]) for a in way["path"]["addresses"]])
        check.equal(f"{delay} ms: {way['label']}: no request failed", [0, 0], [way[kind]["failures"] for kind in ("fresh", "kept")])


stage.need_root()
with check.case("kbench in the lab"):
    place = stage.Lab("bench")
    place.up("kinesis-interface", "--private-dns", "off")
    name = place.status()["vpce"]
    for milliseconds in (0, 5, 20, 80):
        one(place, name, milliseconds)
    place.down()
check.done()

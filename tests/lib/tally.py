"""Reads ctest's JUnit file and prints one row per group of programs (unit.sigv4, flow, ...): the group, passed, failed,
skipped, seconds, log. A program counts what it says: its lines "NAME: N passed, N failed, N skipped", else cmocka's sums,
else itself as one.

    tally.py JUNIT LOGS     the output of each group goes to LOGS/GROUP.log, its skips as "skip - program: reason" lines
"""
import collections
import os
import re
import sys
import xml.etree.ElementTree as tree


def told(output):
    """(passed, failed, skipped) as the program itself counts"""
    lines = re.findall(r"^(?:.*: )?(\d+) passed, (\d+) failed, (\d+) skipped$", output, re.M)
    if lines:
        return [sum(map(int, column)) for column in zip(*lines)]
    return [sum(map(int, re.findall(rf"^\[  {kind} *\] (\d+) test", output, re.M)))
            for kind in ("PASSED", "FAILED", "SKIPPED")]


def outcome(entry):
    """passed, failed, skipped, reasons of one program"""
    output = entry.findtext("system-out") or ""
    state = entry.get("status")
    if state in ("notrun", "disabled"):
        lines = [line for line in output.splitlines() if line.strip()] or ["not run"]
        return 0, 0, 1, [re.sub(r"^skip\w*\b[ :-]*", "", lines[-1].strip(), flags=re.I)]
    passed, failed, skipped = told(output)
    reasons = re.findall(r"^ *skip(?:ped|ping)?\b[ :-]*(.+)$", output, re.M | re.I)
    reasons = reasons or re.findall(r"^\[  SKIPPED \] ([a-z]\w*)$", output, re.M)
    if state == "fail":
        failed = max(failed, 1)
    elif passed + skipped == 0:
        passed = 1
    return passed, failed, skipped, reasons


def main(junit, logs):
    groups = collections.defaultdict(lambda: [0, 0, 0, 0.0])
    texts = collections.defaultdict(list)
    for entry in tree.parse(junit).getroot().iter("testcase"):
        name = entry.get("name")
        group = name.rpartition(".")[0] or name
        passed, failed, skipped, reasons = outcome(entry)
        sums = groups[group]
        for index, value in enumerate((passed, failed, skipped, float(entry.get("time") or 0))):
            sums[index] += value
        texts[group].append(f"==== {name}: {entry.get('status')}\n{entry.findtext('system-out') or ''}")
        texts[group] += [f"skip - {name}: {reason}" for reason in reasons]
    for group, (passed, failed, skipped, seconds) in sorted(groups.items()):
        log = os.path.join(logs, f"{group}.log")
        with open(log, "w", encoding="utf-8", errors="replace") as out:
            out.write("\n".join(texts[group]) + "\n")
        print(group, passed, failed, skipped, round(seconds), log, sep="\t")


main(*sys.argv[1:])

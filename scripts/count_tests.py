"""Prints `passed failed` of one JUnit report. Ends with status 1 when it is missing, unreadable or empty.

A skipped test counts for nothing; with OBSERVER_TEST_REQUIRED=1, when the run is meant to be complete, it has failed.
With `first`, prints instead the end of what the first failed test reported; with `failed`, the failed tests as pytest names them, without
their folder.
"""
import os
import sys
import xml.etree.ElementTree as ElementTree

try:
    root = ElementTree.parse(sys.argv[1]).getroot()
except (OSError, ElementTree.ParseError) as problem:
    print(problem, file=sys.stderr)
    sys.exit(1)
cases = list(root.iter("testcase"))
if sys.argv[2:] == ["first"]:
    first = next((found for case in cases for kind in ("failure", "error") if (found := case.find(kind)) is not None), None)
    if first is not None:
        # What failed and what was found stands at the end.
        print("\n".join(line[:240] for line in (first.text or "").splitlines()[-45:]))
    sys.exit(0)
if sys.argv[2:] == ["failed"]:
    for case in cases:
        if case.find("failure") is not None or case.find("error") is not None:
            print(f"{case.get('classname', '').rsplit('.', 1)[-1]}.py::{case.get('name')}")
    sys.exit(0)
skipped = sum(case.find("skipped") is not None for case in cases)
failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
if not cases:
    sys.exit(1)
passed = len(cases) - skipped - failed
if os.environ.get("OBSERVER_TEST_REQUIRED") == "1":
    for case in cases:
        if case.find("skipped") is not None:
            print(f"skipped: {case.get('classname')} {case.get('name')}", file=sys.stderr)
    failed += skipped
print(passed, failed)

"""Prints `passed failed` of one JUnit report. Ends with status 1 when it is missing, unreadable or empty.

A skipped test counts for nothing; with OBSERVER_TEST_REQUIRED=1, when the run is meant to be complete, it has failed.
With `first`, prints instead the end of what the first failed test reported; with `failed`, the failed tests as Swift or pytest names them, the
latter without their folder; with `pattern`, one regular expression that `swift test --filter` takes for the failed tests, or nothing.
"""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

try:
    root = ElementTree.parse(sys.argv[1]).getroot()
except (OSError, ElementTree.ParseError) as problem:
    print(problem, file=sys.stderr)
    sys.exit(1)
cases = list(root.iter("testcase"))
failures = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
if sys.argv[2:] == ["first"]:
    for case in failures[:1]:
        first = case.find("failure") if case.find("failure") is not None else case.find("error")
        # What failed and what was found stands at the end.
        print("\n".join(line[:240] for line in (first.text or "").splitlines()[-45:]))
    sys.exit(0)
if sys.argv[2:] == ["failed"]:
    for case in failures:
        suite, name = case.get("classname", ""), case.get("name", "")
        print(f"{suite}/{name}" if name.endswith(")") else f"{suite.rsplit('.', 1)[-1]}.py::{name}")
    sys.exit(0)
if sys.argv[2:] == ["pattern"]:
    print("|".join(re.escape(f"{case.get('classname')}/{case.get('name')}") for case in failures))
    sys.exit(0)
skipped = sum(case.find("skipped") is not None for case in cases)
failed = len(failures)
if not cases:
    sys.exit(1)
passed = len(cases) - skipped - failed
if os.environ.get("OBSERVER_TEST_REQUIRED") == "1":
    for case in cases:
        if case.find("skipped") is not None:
            print(f"skipped: {case.get('classname')} {case.get('name')}", file=sys.stderr)
    failed += skipped
print(passed, failed)

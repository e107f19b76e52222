"""Prints `passed failed` of one JUnit report. Ends with status 1 when it is missing, unreadable or empty.

A skipped test counts for nothing; with OBSERVER_TEST_REQUIRED=1, when the run is meant to be complete, it has failed.
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

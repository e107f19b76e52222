"""Prints `passed failed` of one JUnit report. Ends with status 1 when it is missing, unreadable or empty."""
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
print(len(cases) - skipped - failed, failed)

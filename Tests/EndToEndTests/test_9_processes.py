"""What all the tests before have left behind: run last."""

import re

# The tests kill processes themselves, by SIGKILL; an update or a restart stops them.
CRASHED = re.compile(r"exited: (?:web|capture[-\w]*|upload|retention) \((?!terminated by SIGKILL).*not expected\)")


def test_no_process_of_observer_ended_by_itself(home):
    crashes = [line for line in home.log("supervisord", lines=10_000).splitlines() if CRASHED.search(line)]
    assert not crashes, "\n".join(crashes)

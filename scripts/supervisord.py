"""supervisord, which looks after its processes five times a second instead of once.

Its loop waits for up to a second before it sees that a process has ended, and for up to another one before it starts it
again; two seconds is all that a service may be away. Takes supervisord's own arguments.
"""
import sys

from supervisor import poller
from supervisor.supervisord import main

LONGEST_WAIT_SECONDS = 0.2


class ImpatientPoller(poller.Poller):
    """Waits for less than it is asked to; the loop around it only counts on not waiting for longer."""

    def poll(self, timeout):
        return super().poll(min(timeout, LONGEST_WAIT_SECONDS))


poller.Poller = ImpatientPoller
sys.exit(main())

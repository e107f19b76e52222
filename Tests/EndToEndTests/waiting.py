"""Waiting for something to become true, with a deadline, and saying what was there when it did not."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def await_value(
    what: str,
    seconds: float,
    probe: Callable[[], Value],
    every: float = 0.2,
    context: Callable[[], object] | None = None,
) -> Value:
    """Asks `probe` until it gives something true. Errors of the network count as "not yet"."""
    deadline = time.monotonic() + seconds
    last: object = None
    while True:
        try:
            value = probe()
            if value:
                return value
            last = value
        except (OSError, KeyError, IndexError) as error:  # requests' errors are OSErrors
            last = error
        if time.monotonic() >= deadline:
            tail = f"\n{context()}" if context else ""
            raise AssertionError(f"after {seconds:g} s still not so: {what} (last seen: {last!r}){tail}")
        time.sleep(min(every, max(0.0, deadline - time.monotonic())))


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

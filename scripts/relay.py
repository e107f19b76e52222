"""Runs a command in a session of its own and passes on what it says, for root: `relay.py COMMAND…`, which becomes another user.

The command has neither root's terminal nor root's environment: its input is a pipe or a file, or nothing where that would be
the terminal, and of what it prints everything that could steer a terminal is left out. Signals go to it and to what it has
started in its session, and its exit status becomes this one's. Somebody who keeps its output open does not hold this up.
"""
import codecs
import os
import selectors
import signal
import subprocess
import sys
import time
import unicodedata

# What is passed on of root's environment; where programs are found is not root's to say either.
KEPT = ("LANG", "TERM", "SET_UP_BEGUN")
KEPT_PREFIXES = ("OBSERVER_", "AWS_")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/opt/swift/usr/bin"
# How long what has ended may still be heard.
LAST_WORDS_SECONDS = 0.5


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_PREFIXES)}
    if os.isatty(1):
        kept["PROGRESS_COLUMNS"] = str(os.get_terminal_size(1).columns)
    return kept | {"PATH": PATH, "HOME": os.environ.get("OBSERVER_HOME", "/")}


def plain(text: str) -> str:
    return "".join(each for each in text if each in "\n\r\t" or unicodedata.category(each) != "Cc")


def write(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data):]


class Stream:
    """One of the command's outputs, and where it goes."""

    def __init__(self, target: int):
        self.target = target
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def pass_on(self, data: bytes) -> None:
        write(self.target, plain(self.decoder.decode(data)).encode())


class Forwarder:
    """Passes signals on to the command's group; the third of them ends it for certain."""

    def __init__(self, group: int):
        self.group, self.count = group, 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, self.forward)

    def forward(self, number: int, frame: object) -> None:
        self.count += 1
        # The leader has not been waited for, so the group's number is still its own.
        os.killpg(self.group, signal.SIGKILL if self.count > 2 else number)


def pump(process: subprocess.Popen) -> None:
    ended = os.pidfd_open(process.pid)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, Stream(1))
        selector.register(process.stderr, selectors.EVENT_READ, Stream(2))
        selector.register(ended, selectors.EVENT_READ)
        deadline = None
        while deadline is None or time.monotonic() < deadline:
            events = selector.select(None if deadline is None else 0)
            if deadline is not None and not events:
                return
            for key, _ in events:
                if key.fd == ended:
                    deadline = time.monotonic() + LAST_WORDS_SECONDS
                    selector.unregister(ended)
                    continue
                data = os.read(key.fd, 65536)
                if data:
                    key.data.pass_on(data)
                else:
                    selector.unregister(key.fileobj)


def main() -> int:
    # A reader that has seen enough (head) ends this quietly.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    process = subprocess.Popen(
        sys.argv[1:],
        stdin=subprocess.DEVNULL if os.isatty(0) else 0,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        start_new_session=True,
    )
    Forwarder(process.pid)
    pump(process)
    status = process.wait()
    return status if status >= 0 else 128 - status


sys.exit(main())

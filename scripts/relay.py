"""Runs a command in a session of its own and passes on what it says, for root: `relay.py [--input] COMMAND…`, which becomes
another user.

The command has neither root's terminal nor root's environment, and root's input only with --input; of what it prints everything
that could steer a terminal is left out. Signals go to it and to what it has
started in its session, and its exit status becomes this one's. Somebody who keeps its output open does not hold this up.
"""
import codecs
import os
import selectors
import shutil
import signal
import subprocess
import sys
import unicodedata

# What is passed on of root's environment; programs are found in the system's folders, and Swift where root has it.
KEPT = ("LANG", "TERM", "SET_UP_BEGUN")
KEPT_PREFIXES = ("OBSERVER_", "AWS_")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# How much is still passed on of what is there when the command has ended: more than a pipe holds.
LAST_WORDS_BYTES = 1 << 20


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_PREFIXES)}
    if os.isatty(1):
        kept["PROGRESS_COLUMNS"] = str(os.get_terminal_size(1).columns)
    swift = shutil.which("swift")
    path = PATH if swift is None else f"{PATH}:{os.path.dirname(swift)}"
    return kept | {"PATH": path, "HOME": os.environ.get("OBSERVER_HOME", "/")}


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
        left = None
        while left is None or left > 0:
            events = selector.select(None if left is None else 0)
            if left is not None and not events:
                return
            for key, _ in events:
                if key.fd == ended:
                    left = LAST_WORDS_BYTES
                    selector.unregister(ended)
                    continue
                data = os.read(key.fd, 65536)
                if left is not None:
                    left -= len(data)
                if data:
                    key.data.pass_on(data)
                else:
                    selector.unregister(key.fileobj)


def main() -> int:
    # A reader that has seen enough (head) ends this quietly.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    has_input = sys.argv[1] == "--input"
    process = subprocess.Popen(
        sys.argv[2:] if has_input else sys.argv[1:],
        stdin=0 if has_input else subprocess.DEVNULL,
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

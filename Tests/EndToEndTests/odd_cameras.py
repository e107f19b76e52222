"""The odd cameras as the tests see them, and what each has sent."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from home import REPOSITORY

FOLDER = REPOSITORY / "Tests" / "cameras"
sys.path.insert(0, str(FOLDER))
from odd.case import Case  # noqa: E402
from odd.cases import CASES  # noqa: E402

HOSTS = {"six": "[::1]", "name": "localhost"}


@dataclass(frozen=True)
class Sent:
    """One frame that a camera sent."""

    counter: int
    taken: float  # Unix time
    at: float
    is_whole: bool
    connection: int


@dataclass(frozen=True)
class Log:
    """Everything that one camera has seen and sent."""

    connections: list[dict]
    complaints: list[str]

    @property
    def frames(self) -> list[Sent]:
        return [
            Sent(counter, taken, at, bool(is_whole), number)
            for number, connection in enumerate(self.connections)
            for counter, taken, at, is_whole in connection["frames"]
        ]

    @property
    def lag(self) -> float:
        """The most by which a frame was sent too late, because the machine was busy."""
        return max((connection["lag"] for connection in self.connections), default=0.0)

    @property
    def playing(self) -> list[dict]:
        """The connections that frames were sent over."""
        return [connection for connection in self.connections if connection["frames"]]


class OddCameras:
    """A running program of all odd cameras."""

    def __init__(self, log: Path):
        self.log = log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "odd"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        self.ports = json.loads(self.process.stdout.readline())

    def url(self, case: Case, instance: str) -> str:
        return f"rtsp://{HOSTS.get(case.port, '127.0.0.1')}:{self.ports[case.port]}/{case.name}/{instance}"

    def seen(self, case: Case, instance: str) -> Log:
        self.process.stdin.write(f"{case.name}/{instance}\n")
        self.process.stdin.flush()
        found = json.loads(self.process.stdout.readline())
        return Log(**found) if found else Log([], [])

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)
        self.log.close()

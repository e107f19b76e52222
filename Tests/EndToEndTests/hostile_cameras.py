"""The hostile cameras as the tests see them."""

import json
import subprocess
import sys
from pathlib import Path

from home import REPOSITORY

PROGRAM = REPOSITORY / "Tests" / "cameras" / "hostile.py"


class HostileCameras:
    """A running server of cameras that mean harm."""

    def __init__(self, log: Path):
        self.log = log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        self.ports = json.loads(self.process.stdout.readline())

    def url(self, kind: str) -> str:
        return f"rtsp://127.0.0.1:{self.ports['hangup' if kind == 'hangup' else 'port']}/{kind}"

    def counts(self) -> dict[str, int]:
        """The number of `connections`, and of `hangups` among the cameras that hang up at once."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.log.close()

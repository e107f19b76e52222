"""The camera simulator as the tests see it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import requests

from home import REPOSITORY
from waiting import await_value

SIMULATOR = REPOSITORY / "Tests" / "cameras" / "simulator.py"
sys.path.insert(0, str(SIMULATOR.parent))


class CameraSimulator:
    """A running simulator with two RTSP ports: the second can be shut, as a camera that is unplugged."""

    def __init__(
        self,
        log: Path,
        password: str,
        clips: tuple[str, ...] = ("main=640x360@25,500k,g25", "hd=1280x720@25,1500k,g25"),
    ):
        self.log = log.open("wb")
        arguments = [argument for clip in clips for argument in ("--clip", clip)]
        self.process = subprocess.Popen(
            [sys.executable, str(SIMULATOR), *arguments, "--more-ports", "1"],
            env=os.environ | {"SIMULATOR_PASSWORD": password},
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        ready = json.loads(self.process.stdout.readline())
        self.ports, self.control = ready["rtsp"], f"http://127.0.0.1:{ready['control']}"
        self.fps = 25

    def url(self, name: str, port: int = 0, credentials: str = "") -> str:
        return f"rtsp://{credentials + '@' if credentials else ''}127.0.0.1:{self.ports[port]}/{name}"

    def stats(self) -> dict:
        return requests.get(f"{self.control}/stats", timeout=10).json()

    def connections(self, name: str) -> list[dict]:
        """The connections that media was sent over, oldest first."""
        camera = self.stats()["cameras"].get(name, {"connections": []})
        return [connection for connection in camera["connections"] if connection["ranges"]]

    def sent(self, name: str) -> list[int]:
        """Every counter sent, over all connections."""
        return [
            counter
            for connection in self.connections(name)
            for first, last in connection["ranges"]
            for counter in range(first, last + 1)
        ]

    def last_sent(self, name: str) -> int:
        return self.connections(name)[-1]["ranges"][-1][1]

    def await_frames(self, name: str, count: int, seconds: float) -> None:
        """Waits until so many more frames have been sent."""
        goal = self.last_sent(name) + count
        await_value(f"{name} has sent frame {goal}", seconds, lambda: self.last_sent(name) >= goal)

    def fault(self, name: str, fault: str, **arguments) -> None:
        requests.post(
            f"{self.control}/fault", json={"camera": name, "fault": fault} | arguments, timeout=10
        ).raise_for_status()

    def shut_port(self, port: int, shut: bool = True) -> None:
        order = {"port": self.ports[port], "fault": "refuse" if shut else "resume"}
        requests.post(f"{self.control}/fault", json=order, timeout=10).raise_for_status()

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.log.close()

"""Who records the same cameras in `bench/capture`: Observer, ffmpeg, GStreamer, and the physical floor in C."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import common
from camera_simulator import CameraSimulator
from waiting import await_value

SETTLING = 12  # seconds: the first segments are finished, and all is as it will be


def playing(simulator: CameraSimulator, names: list[str]) -> int:
    """The number of cameras that send to somebody."""
    cameras = simulator.stats()["cameras"]
    return sum(
        1
        for name in names
        if any(c["playing"] and c["ranges"] for c in cameras.get(name, {"connections": []})["connections"])
    )


def await_cameras(who: str, simulator: CameraSimulator, names: list[str], seconds: float = 120) -> None:
    await_value(f"{who} records all cameras", seconds, lambda: playing(simulator, names) == len(names), every=0.5)


@contextmanager
def ending(processes: list[subprocess.Popen]) -> Iterator[None]:
    """Ends the processes at the end, those that do not listen by force."""
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)


@contextmanager
def folder_for(name: str) -> Iterator[Path]:
    """A fresh folder on the same disk as the spool, removed at the end."""
    path = common.WORK / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Observer:
    """The recorder of a running Observer, whose cameras exist and are switched on and off; its uploader is stopped."""

    def __init__(self, home, simulator: CameraSimulator, count: int):
        self.home, self.simulator, self.api = home, simulator, home.client()
        home.stop("upload")
        self.cameras = {
            f"cam{i}": self.api.add_camera(f"Camera {i}", simulator.url(f"cam{i}"), on=False, segment_seconds=10)["id"]
            for i in range(count)
        }

    def in_state(self, state: str) -> int:
        return sum(1 for c in self.api.get("/cameras/?limit=500") if c["status"]["state"] == state)

    @contextmanager
    def run(self, names: list[str]) -> Iterator[list[int]]:
        for name in names:
            self.api.switch(self.cameras[name], True)
        try:
            await_cameras("Observer", self.simulator, names)
            await_value("Observer says so", 60, lambda: self.in_state("recording") == len(names), every=0.5)
            yield [self.home.pid("capture")]
        finally:
            for name in names:
                self.api.switch(self.cameras[name], False)
            await_value("all are off", 60, lambda: playing(self.simulator, names) == 0, every=0.5)
            await_value("Observer says so", 60, lambda: self.in_state("off") == len(self.cameras), every=0.5)
            for path in (self.home.spool / "ready").iterdir():
                path.unlink(missing_ok=True)


class FFmpeg:
    """One `ffmpeg -c copy -f segment` for each camera."""

    def __init__(self, simulator: CameraSimulator):
        self.simulator = simulator

    def command(self, name: str, folder: Path) -> list[str]:
        quiet = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin"]
        source = ["-rtsp_transport", "tcp", "-i", self.simulator.url(name)]
        output = ["-c", "copy", "-f", "segment", "-segment_time", "10", "-reset_timestamps", "1"]
        return [*quiet, *source, *output, str(folder / name / "%05d.mp4")]

    @contextmanager
    def run(self, names: list[str]) -> Iterator[list[int]]:
        processes: list[subprocess.Popen] = []
        with folder_for("ffmpeg") as folder, ending(processes):
            for name in names:
                (folder / name).mkdir()
                processes.append(subprocess.Popen(self.command(name, folder)))
            await_cameras("ffmpeg", self.simulator, names)
            await_value("ffmpeg writes", 90, lambda: all(any((folder / n).iterdir()) for n in names), every=0.5)
            yield [process.pid for process in processes]


class GStreamer:
    """One process of GStreamer with a chain of elements for each camera."""

    def __init__(self, simulator: CameraSimulator):
        self.simulator = simulator

    @contextmanager
    def run(self, names: list[str]) -> Iterator[list[int]]:
        processes: list[subprocess.Popen] = []
        with folder_for("gstreamer") as folder, ending(processes):
            command = ["gst-launch-1.0", "-q"]
            for name in names:
                (folder / name).mkdir()
                command += ["rtspsrc", f"location={self.simulator.url(name)}", "protocols=tcp"]
                command += ["!", "rtph264depay", "!", "h264parse", "!", "splitmuxsink"]
                command += [f"location={folder / name}/%05d.mp4", f"max-size-time={10 * 10**9}"]
            processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
            await_cameras("GStreamer", self.simulator, names)
            await_value("GStreamer writes", 90, lambda: all(any((folder / n).iterdir()) for n in names), every=0.5)
            yield [processes[0].pid]


class Floor:
    """The least that reading (`receive`), or reading and recording (`record`), costs: `floor.c`, one thread for all cameras."""

    def __init__(self, simulator: CameraSimulator, mode: str):
        self.simulator, self.mode = simulator, mode
        self.program = common.WORK / "floor"
        source = Path(__file__).parent / "floor.c"
        subprocess.run(["cc", "-O2", "-Wall", "-o", str(self.program), str(source), "-lcrypto"], check=True)

    @contextmanager
    def run(self, names: list[str]) -> Iterator[list[int]]:
        processes: list[subprocess.Popen] = []
        with folder_for(f"floor-{self.mode}") as folder, tempfile.TemporaryFile("w+") as output:
            with ending(processes):
                command = [str(self.program), self.mode, str(self.simulator.ports[0]), str(folder), *names]
                processes.append(subprocess.Popen(command, stdout=output))
                await_cameras(f"the floor ({self.mode})", self.simulator, names)
                yield [processes[0].pid]
            assert processes[0].returncode == 0, f"floor {self.mode} ended with {processes[0].returncode}"
            output.seek(0)
            seen = json.loads(output.read())
            assert seen["bytes"] and (self.mode == "receive" or seen["segments"]), f"floor {self.mode} saw {seen}"


"""Cameras that record while their recorder's disk is in trouble, and all that is seen of them meanwhile."""

import json
import threading
import time
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from camera_simulator import CameraSimulator
from disk import SpoolDisk
from evidence import Recording, ranges_of
from home import Client, Home, utc_text
from moments import moment, rfc3339
from waiting import Stopwatch, await_value

# Name and priority; each takes 1.5 Mbit/s.
CAMERAS = {"hd/disk1": 10, "hd/disk2": 10, "hd/disk3": 0, "hd/disk4": 0, "hd/disk5": -10, "hd/disk6": -10}
SERVICES = ("capture", "upload")
RECOVERY_SECONDS = 6.0
TIMES_AGREE = 0.2
# A change of the state of each camera to and fro and what else each service has to say; as much again after a kill.
LOG_LINES = 40


@dataclass
class Fault:
    """A stretch of time in which something was wrong, and the causes that may be told for it."""

    name: str
    causes: set[str]
    began: float
    # The seconds after its end in which gaps may still come from it.
    recovery: float
    ended: float = 0.0


@dataclass
class Sample:
    """The states of the cameras at a moment."""

    at: float
    statuses: dict[int, dict]


@dataclass
class DiskTrial:
    """Cameras that record from here on; threads look at their states and at the spool."""

    home: Home
    api: Client
    camera_simulator: CameraSimulator
    disk: SpoolDisk
    cameras: dict[str, int] = field(default_factory=dict)
    committed: dict[str, dict] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    pids: dict[str, int] = field(default_factory=dict)
    began: float = 0.0
    # Held by who asks for the states, and while the API cannot tell them.
    sight: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        self.began = time.time()
        for name, priority in CAMERAS.items():
            url = self.camera_simulator.url(name)
            self.cameras[name] = self.api.add_camera(f"On a bad disk {name}", url, priority=priority)["id"]
        self.await_recording(20)
        self.faults.append(Fault("start", {"no_recorder"}, self.began, 0, time.time()))
        self.pids = {service: self.home.pid(service) for service in SERVICES}
        for look in (self.look_at_spool, self.look_at_states):
            self.threads.append(threading.Thread(target=look, daemon=True))
            self.threads[-1].start()

    def end(self) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join(10)
        for camera in self.cameras.values():
            self.api.call("POST", f"/cameras/{camera}/off")

    def look_at_spool(self) -> None:
        """Ten times a second: a sidecar lies there only until its segment is uploaded."""
        while not self.ended.wait(0.1):
            for path in (self.home.spool / "ready").glob("*.json"):
                if path.stem not in self.committed:
                    try:
                        self.committed[path.stem] = json.loads(path.read_text())
                    except (OSError, json.JSONDecodeError):
                        pass  # uploaded, or a disk that fails

    def look_at_states(self) -> None:
        client = self.home.client()
        while not self.ended.wait(0.3):
            with self.sight:
                cameras = client.get("/cameras/")
            found = {camera["id"]: camera["status"] for camera in cameras if camera["id"] in self.ids}
            self.samples.append(Sample(time.time(), found))

    @property
    def ids(self) -> list[int]:
        return list(self.cameras.values())

    def statuses(self) -> dict[int, dict]:
        return {camera: self.api.status(camera) for camera in self.ids}

    def await_recording(self, seconds: float) -> float:
        """Waits until all record; returns the seconds it took."""
        watch = Stopwatch()
        await_value(
            "all cameras record",
            seconds,
            lambda: all(status["state"] == "recording" for status in self.statuses().values()),
            every=0.1,
            context=lambda: f"{self.statuses()}\n{self.home.log('capture')}",
        )
        return watch.seconds

    # Faults

    @contextmanager
    def suffering(self, name: str, fault: AbstractContextManager, *causes: str, recovery: float = RECOVERY_SECONDS):
        """Has a fault last while the body runs; at its end all cameras tell one of these causes, `none` if they record."""
        lines = {service: self.log_lines(service) for service in SERVICES}
        told = Fault(name, set(causes), time.time(), recovery)
        self.faults.append(told)
        with fault:
            yield
            statuses = self.statuses()
        told.ended = time.time()
        left = self.open_segments()
        took = self.await_recording(recovery)
        # No later than those that are open now, what could not be committed is.
        await_value(
            f"{name}: all that was left open is committed",
            recovery,
            lambda: not left & self.open_segments(),
            context=lambda: f"{left & self.open_segments()}\n{self.home.log('capture')}",
        )
        self.assert_no_process_died()
        wrong = [
            f"camera {camera}: {status['state']} {status['cause']}: {status['detail']}"
            for camera, status in statuses.items()
            if (status["cause"] or "none") not in causes
        ]
        assert not wrong, f"{name}: wrong at the end of it: {wrong}"
        kills = sum(fault.name == "kill" and fault.began >= told.began for fault in self.faults)
        for service, before in lines.items():
            count = self.log_lines(service) - before
            assert count <= LOG_LINES * (1 + kills), f"{name}: {service} wrote {count} lines\n{self.home.log(service, count)}"
        print(f"{name}: recording again after {took:.1f} s")

    @contextmanager
    def without_database(self, *causes: str, recovery: float):
        """The database is away while the body runs; what was open at its end is committed afterwards."""
        told = Fault("database away", set(causes), time.time(), recovery)
        self.faults.append(told)
        with self.sight:
            self.home.stop("postgres")
            try:
                yield
            finally:
                self.home.start("postgres")
            told.ended = time.time()
            left = self.open_segments()
            await_value("the API answers", recovery, lambda: self.api.call("GET", "/cameras/").status_code == 200)
        self.await_recording(recovery)
        await_value("all that was left open is committed", recovery, lambda: not left & self.open_segments())
        self.assert_no_process_died()

    def waiting(self) -> set[str]:
        return {path.stem for path in (self.home.spool / "ready").glob("*.json")}

    def open_segments(self) -> set[str]:
        return {path.stem for path in (self.home.spool / "open").glob("*.json")}

    def log_lines(self, service: str) -> int:
        return len((self.home.path / "logs" / f"{service}.log").read_text(errors="replace").splitlines())

    def kill_recorder(self) -> None:
        """kill -9, which costs a second or two of its own."""
        began = time.time()
        self.home.kill("capture")
        self.faults.append(Fault("kill", {"no_recorder"}, began, RECOVERY_SECONDS, time.time()))
        self.pids["capture"] = self.home.pid("capture")

    def assert_no_process_died(self) -> None:
        assert {service: self.home.pid(service) for service in SERVICES} == self.pids, (
            f"a process died:\n{self.home.log('capture')}\n{self.home.log('upload')}"
        )

    def await_reserve(self, seconds: float) -> None:
        reserve = self.home.spool / "reserve"
        await_value("the reserve is kept again", seconds, lambda: reserve.exists() and reserve.stat().st_blocks > 0)

    # The account

    def account(self, name: str, recording: Recording, since: float, until: float) -> list[str]:
        """What is wrong with the account of a camera's time: rows against frames against the simulator's log."""
        answer = self.api.get(
            f"/cameras/{self.cameras[name]}/timeline", params={"from": rfc3339(since), "to": rfc3339(until)}
        )
        problems = []
        covered, wanted = length(answer["covered"]), length(answer["wanted"])
        gaps = [(moment(gap["from"]), moment(gap["to"]), gap["cause"], gap["detail"]) for gap in answer["gaps"]]
        missing = sum(end - start for start, end, *_ in gaps)
        if answer["unexplained"]:
            problems.append(f"unexplained: {[(s['from'], s['to']) for s in answer['unexplained']]}")
        if abs(covered + missing - wanted) > TIMES_AGREE:
            problems.append(f"covered {covered:.3f} + missing {missing:.3f} is not wanted {wanted:.3f}")
        for start, end, cause, detail in gaps:
            causes = set().union(
                *(f.causes for f in self.faults if start < f.ended + f.recovery and end > f.began - 1)
            )
            if cause not in causes:
                problems.append(f"gap {utc_text(start)} to {utc_text(end)} has cause {cause}: {detail}")
        problems += self.frames_without_row(name, recording, gaps)
        frames, footage = len(recording.counters) / self.camera_simulator.fps, covered
        if abs(frames - footage) > TIMES_AGREE * (1 + len(gaps)):
            problems.append(f"{frames:.2f} s of frames, but {footage:.2f} s are covered")
        return [f"{name}: {problem}" for problem in problems]

    def frames_without_row(self, name: str, recording: Recording, gaps: list[tuple]) -> list[str]:
        """Frames that are not stored, and whose moment is in no gap."""
        last = self.camera_simulator.connections(name)[-1]
        counter, at = last["ranges"][-1][1], last["last_sent"]
        lost = [
            missing
            for missing in recording.missing_from(self.all_counters(recording))
            if not any(
                start - TIMES_AGREE <= at + (missing - counter) / self.camera_simulator.fps <= end + TIMES_AGREE
                for start, end, *_ in gaps
            )
        ]
        return [f"frames that are neither stored nor in a gap: {ranges_of(lost)}"] if lost else []

    @staticmethod
    def all_counters(recording: Recording) -> list[int]:
        """Cameras count while nobody looks."""
        return list(range(recording.counters[0], recording.counters[-1] + 1))


def length(stretches: list[dict]) -> float:
    return sum(moment(stretch["to"]) - moment(stretch["from"]) for stretch in stretches)

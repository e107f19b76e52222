"""What wears a recorder out: connections without end, and kills. The end-to-end tests run a little of it, `./observer bench soak`
as much as one likes."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from waiting import await_value

# Frames are on their way this long after the last one was sent.
SILENCE = 2.0


def looks(seconds: float, every: float):
    """Yields now and then, for so long."""
    ended = time.monotonic() + seconds
    while time.monotonic() < ended:
        yield
        time.sleep(every)


@dataclass
class Holdings:
    """What a process holds of the system."""

    descriptors: int
    threads: int
    mebibytes: float

    @staticmethod
    def of(pid: int) -> "Holdings":
        status = Path(f"/proc/{pid}/status").read_text()

        def number(name: str) -> int:
            return int(status.split(f"{name}:")[1].split()[0])

        return Holdings(len(os.listdir(f"/proc/{pid}/fd")), number("Threads"), number("VmRSS") / 1024)

    @staticmethod
    def at_rest(pid: int) -> "Holdings":
        """The least descriptors of several looks: connections that are under way come and go."""
        return min((Holdings.of(pid) for _ in looks(3.0, every=0.05)), key=lambda found: found.descriptors)


def reconnect(home, api, hostile, reconnects: int, cameras: int) -> dict:
    """Cameras that hang up at once, until the recorder has connected so many times; what it holds before and after.

    The first tenth counts for nothing: buffers and pools grow to what they need.
    """
    added = [api.add_camera(f"Hangs up {i}", hostile.url("hangup"))["id"] for i in range(cameras)]
    began = hostile.counts()["hangups"]

    def await_count(count: int) -> None:
        # Each camera is opened again after at most 1.5 s, and probed meanwhile.
        limit = 120 + count * 3 / cameras
        await_value(f"{count} connections", limit, lambda: hostile.counts()["hangups"] - began >= count, every=0.2)

    pid = home.pid("capture")
    await_count(max(reconnects // 10, cameras * 2))
    before, started = Holdings.at_rest(pid), time.monotonic()
    await_count(reconnects)
    after = Holdings.at_rest(pid)
    assert home.pid("capture") == pid, "the recorder died"
    lines = sum("Hangs up" in line or "hang" in line for line in home.log("capture", 100_000).splitlines())
    for camera in added:
        api.switch(camera, False)
    return {
        "reconnects": hostile.counts()["hangups"] - began,
        "per_second": reconnects * 0.9 / (time.monotonic() - started),
        "before": before,
        "after": after,
        "log_lines": lines,
    }


def kill(home, api, simulator, kills: int, cameras: int, every: float = 5.0) -> dict:
    """`kill -9` of the recorder in a loop; the seconds of video that were sent and are in no segment, for each kill.

    That of one camera is at most a fragment and what was on its way; that of a kill is the mean of its cameras.

    Each life of the recorder has one connection to each camera, and one run of segments; so the two are held against each
    other one by one. The last life ends when the cameras fall silent, and must have lost nothing.
    """
    names = [f"soaked{i}" for i in range(cameras)]
    assert not any(map(simulator.connections, names)), "these cameras have had a life before"
    added = {name: api.add_camera(name, simulator.url(name), segment_seconds=10)["id"] for name in names}
    back = []
    for life in range(kills + 1):
        await_value("all cameras play", 60, lambda: playing(simulator, names) == cameras, every=0.1)
        time.sleep(every)
        if life < kills:
            back.append(home.kill("capture"))
            # Two restarts within two seconds are kept apart by the supervisor.
            time.sleep(0.1)
    for name in names:
        simulator.fault(name, "stall")
    time.sleep(SILENCE)
    for camera in added.values():
        api.switch(camera, False)
    for camera in added.values():
        api.await_state(camera, "off", 60)
    rows = await_value("all is stored", 120, lambda: stored(home, list(added.values())), every=1)
    costs: list[list[float]] = [[] for _ in range(kills)]
    last, reopened = 0, 0
    for name, camera in added.items():
        connections = simulator.connections(name)
        lost = [sum(to - at + 1 for at, to in connection["ranges"]) for connection in connections]
        reopened += len(lost) - kills - 1
        for row in rows:
            if row["camera_id"] == camera:
                lost[life_of(row["begun"], connections)] -= row["frames"]
        for cost, frames in zip(costs, lost):
            cost.append(frames / simulator.fps)
        last += lost[-1]
    for name in names:
        simulator.fault(name, "resume")
    return {
        "kills": kills,
        "cameras": cameras,
        "seconds_mean": sum(map(sum, costs)) / max(kills * cameras, 1),
        "seconds_worst_kill": max((sum(cost) / cameras for cost in costs), default=0.0),
        "seconds_worst_camera": max(map(max, costs), default=0.0),
        "lost_at_the_end": last,
        "reconnects_besides": reopened,
        "back_worst_s": max(back, default=0.0),
    }


def life_of(begun: float, connections: list[dict]) -> int:
    """The connection that a segment was recorded from: the last that had sent something when the segment begins."""
    return max(index for index, c in enumerate(connections) if index == 0 or c["first_sent"] <= begun + 0.3)


def playing(simulator, names: list[str]) -> int:
    seen = simulator.stats()["cameras"]
    return sum(any(c["playing"] and c["ranges"] for c in seen.get(n, {"connections": []})["connections"]) for n in names)


def stored(home, cameras: list[int]) -> list[dict]:
    """The segments, once all of them are stored and none of these cameras' is open or waits."""
    for folder in ("open", "ready"):
        for path in (home.spool / folder).glob("*.json"):
            try:
                if json.loads(path.read_text())["camera_id"] in cameras:
                    return []
            except FileNotFoundError:
                return []
    rows = home.rows(
        "select camera_id, extract(epoch from started_at)::float8 as begun, frames, state from segments "
        "where camera_id = any(%s)",
        cameras,
    )
    return rows if all(row["state"] == "stored" for row in rows) else []

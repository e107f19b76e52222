"""A recorder whose machine's clock is wrong, and is put right: everything is recorded at its time, and no gap comes of it.

Only the recorder sees the wrong time (`wrong_clock.c`); database, store, uploader and web have the right one.
"""

import json
import os
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest

from account import adds_up
from evidence import assert_no_frame_lost, gather
from moments import moment
from waiting import await_value

from clip import counters_in

YEAR, EPOCH = 365 * 86_400, -int(time.time()) + 60
WITHIN_SECONDS = 0.2

class MachineClock:
    """The clock that the recorder sees; what counts on the clock that nobody sets is left alone."""

    def __init__(self, home, folder: Path):
        self.home, self.shift = home, folder / "shift"
        library = folder / "wrong_clock.so"
        source = Path(__file__).with_name("wrong_clock.c")
        subprocess.run(["cc", "-O2", "-Wall", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
        self.shift.write_bytes(bytes(8))
        self.settings = home.path / "config" / "observer.env"
        self.usual = self.settings.read_text()
        self.rewrite(f"{self.usual}OBSERVER_TEST_PRELOAD={library}\nOBSERVER_TEST_CLOCK={self.shift}\n")

    def rewrite(self, text: str) -> None:
        # In place: the file keeps its owner and mode.
        self.settings.write_text(text)

    def set(self, seconds: int) -> None:
        with self.shift.open("r+b") as file:
            file.write(struct.pack("=q", seconds))

    def restart(self) -> None:
        self.home.stop("capture")
        self.home.start("capture")

    def end(self) -> None:
        self.rewrite(self.usual)
        self.restart()


@pytest.fixture
def clock(home):
    folder = home.path / "wrong-clock"
    folder.mkdir(exist_ok=True)
    machine = MachineClock(home, folder)
    yield machine
    machine.end()


def sent_at(camera_simulator, name: str) -> dict[int, float]:
    """When each frame was sent, by its counter: the simulator's frames keep its own time."""
    times = {}
    for connection in camera_simulator.connections(name):
        last = connection["ranges"][-1][1]
        for first, end in connection["ranges"]:
            for counter in range(first, end + 1):
                times[counter] = connection["last_sent"] - (last - counter) / camera_simulator.fps
    return times


def assert_right_times(home, api, camera_simulator, camera: int, name: str):
    """Every segment lies where its first frame was sent, and the timeline of the camera has no time without a reason."""
    api.switch(camera, False)
    api.await_state(camera, "off", 15)
    recording = gather(home, camera)
    times = sent_at(camera_simulator, name)
    for row in recording.rows:
        counters = counters_in(recording.objects[row["id"]])
        off = row["started_at"].timestamp() - times[counters[0]]
        assert abs(off) <= WITHIN_SECONDS, f"{row['id']} is off by {off:.3f} s: {row['started_at']}"
        end = row["started_at"].timestamp() + row["duration_ms"] / 1000
        late = end - times[counters[-1]] - 1 / camera_simulator.fps
        assert abs(late) <= WITHIN_SECONDS, f"{row['id']} ends {late:.3f} s late"
    timeline = api.get(f"/cameras/{camera}/timeline")
    assert not adds_up(timeline), timeline
    now = home.rows("select now() as now")[0]["now"]
    future = home.rows("select started_at, ended_at from gaps where started_at > %s or ended_at > %s", now, now)
    assert not future, f"gaps in the future: {future}"
    assert not home.rows("select 1 from segments where started_at > now() or started_at < now() - interval '1 day'")
    assert api.get(f"/cameras/{camera}")["status"]["state"] == "off"
    return recording, timeline


def flags(home, camera: int) -> list[set[str]]:
    return [set(row["flags"]) for row in home.rows("select flags from segments where camera_id = %s order by id", camera)]


def test_a_clock_that_is_a_year_ahead_for_a_while_moves_nothing(home, api, camera_simulator, cameras, clock):
    clock.restart()
    name = "clock1"
    camera = cameras("Clock that jumps", camera_simulator.url(name))
    api.await_state(camera, "recording", 30)
    camera_simulator.await_frames(name, 8 * 25, 20)
    clock.set(YEAR)
    camera_simulator.await_frames(name, 20 * 25, 40)
    notes = [note["detail"] for note in api.status(camera)["health"] if note["cause"] == "clock"]
    assert notes and "ahead" in notes[0], api.status(camera)
    clock.set(0)
    camera_simulator.await_frames(name, 8 * 25, 20)
    recording, timeline = assert_right_times(home, api, camera_simulator, camera, name)
    assert_no_frame_lost(recording, camera_simulator, name)
    assert all(moment(gap["to"]) - moment(gap["from"]) < 15 for gap in timeline["gaps"]), timeline
    marked = ["wall_step" in found for found in flags(home, camera)]
    assert any(marked) and not marked[0], marked


@pytest.mark.parametrize("wrong", [EPOCH, YEAR])
def test_a_recorder_that_starts_and_dies_under_a_wrong_clock_records_at_the_right_time(
    home, api, camera_simulator, cameras, clock, wrong
):
    clock.set(wrong)
    clock.restart()
    name = f"clock2-{'past' if wrong < 0 else 'future'}"
    camera = cameras("Clock that is wrong", camera_simulator.url(name))
    api.await_state(camera, "recording", 30)
    camera_simulator.await_frames(name, 8 * 25, 20)
    home.kill("capture")
    await_value("the camera is read again", 30, lambda: len(camera_simulator.connections(name)) > 1)
    camera_simulator.await_frames(name, 6 * 25, 20)
    clock.set(0)
    camera_simulator.await_frames(name, 6 * 25, 20)
    _, timeline = assert_right_times(home, api, camera_simulator, camera, name)
    assert {gap["cause"] for gap in timeline["gaps"]} == {"no_recorder"}, timeline
    assert all(moment(gap["to"]) - moment(gap["from"]) < 15 for gap in timeline["gaps"]), timeline


def test_what_is_recorded_before_anybody_knows_the_time_waits_and_lies_right(
    home, api, camera_simulator, cameras, clock
):
    name = "clock3"
    camera = cameras("Clock without a witness", camera_simulator.url(name))
    api.await_state(camera, "recording", 30)
    camera_simulator.await_frames(name, 6 * 25, 20)
    home.stop("capture")
    # As after a boot of the machine: no earlier process has proven the time.
    (home.spool / "clock.json").unlink()
    stopped = len(camera_simulator.connections(name))
    clock.set(YEAR)
    home.stop("postgres")
    try:
        home.start("capture")
        await_value("the camera is read again", 40, lambda: len(camera_simulator.connections(name)) > stopped)
        camera_simulator.await_frames(name, 12 * 25, 30)
        waiting = [json.loads(path.read_text()) for path in (home.spool / "open").glob("*.json")]
        ours = [draft for draft in waiting if draft["camera_id"] == camera]
        assert len(ours) >= 4, f"only {len(ours)} segments wait"
        os.kill(home.pid("capture"), signal.SIGKILL)
        await_value("the camera is read once more", 40, lambda: len(camera_simulator.connections(name)) > stopped + 1)
        camera_simulator.await_frames(name, 5 * 25, 20)
    finally:
        home.start("postgres")
    camera_simulator.await_frames(name, 12 * 25, 30)
    recording, timeline = assert_right_times(home, api, camera_simulator, camera, name)
    assert len(recording.rows) >= 8
    assert {gap["cause"] for gap in timeline["gaps"]} == {"no_recorder"}, timeline

"""Cameras that mean harm: each is switched off within a second, and takes neither memory, nor logs, nor its neighbour's frames."""

import time
from pathlib import Path

import pytest

import soak
from evidence import assert_no_frame_lost, gather, segment_rows
from hostile_cameras import HostileCameras
from waiting import Stopwatch, await_value

KINDS = ["hangup", "body", "header", "frames", "redirects", "headers", "fragments", "pictures", "sound", "answers", "requests", "junk"]
SECONDS = 5.0
OFF_WITHIN = 1.0
TERM_WITHIN = 5.0
MEMORY_MIB = 100
LOG_LINES = 20


@pytest.fixture(scope="module")
def hostile(artifacts):
    cameras = HostileCameras(artifacts / "hostile.log")
    yield cameras
    cameras.end()


def resident_mib(home) -> float:
    text = Path(f"/proc/{home.pid('capture')}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def lines_about(home, camera: int) -> int:
    text = (home.path / "logs" / "capture.log").read_text(errors="replace")
    return sum(f"camera.id={camera} " in line for line in text.splitlines())


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_camera_is_bounded_and_can_be_switched_off(home, api, camera_simulator, hostile, cameras, kind):
    neighbour = f"beside{kind}"
    steady = cameras(f"Beside {kind}", camera_simulator.url(neighbour))
    api.await_state(steady, "recording", 15)
    process, before = home.pid("capture"), resident_mib(home)
    camera = cameras(f"Hostile {kind}", hostile.url(kind), audio="copy")
    peak, ended = before, time.monotonic() + SECONDS
    while time.monotonic() < ended:
        peak = max(peak, resident_mib(home))
        time.sleep(0.2)
    watch = Stopwatch()
    api.switch(camera, False)
    await_value("the switch acts", 10, lambda: api.status(camera)["state"] == "off", every=0.02)
    took = watch.seconds
    assert took <= OFF_WITHIN, f"off took {took:.1f} s"
    assert home.pid("capture") == process, "the recorder died"
    assert peak - before <= MEMORY_MIB, f"the recorder grew by {peak - before:.0f} MiB"
    assert lines_about(home, camera) <= LOG_LINES
    assert len(segment_rows(home, camera)) <= SECONDS + 3
    api.switch(steady, False)
    api.await_state(steady, "off", 10)
    assert_no_frame_lost(gather(home, steady), camera_simulator, neighbour)


def test_the_recorder_ends_in_time_with_all_of_them(home, api, hostile, cameras):
    added = [cameras(f"All {kind}", hostile.url(kind), audio="copy") for kind in KINDS]
    time.sleep(SECONDS)
    watch = Stopwatch()
    home.stop("capture")
    took = watch.seconds
    home.start("capture")
    for camera in added:
        api.switch(camera, False)
    assert took <= TERM_WITHIN, f"SIGTERM took {took:.1f} s"


def test_reconnects_leave_nothing_behind(home, api, hostile):
    found = soak.reconnect(home, api, hostile, reconnects=200, cameras=20)
    before, after = found["before"], found["after"]
    assert after.descriptors - before.descriptors <= 8, f"{before} {after}"
    assert after.threads - before.threads <= 4, f"{before} {after}"
    assert after.mebibytes - before.mebibytes <= 8, f"{before} {after}"


def test_kills_cost_a_second_each(home, api, camera_simulator):
    found = soak.kill(home, api, camera_simulator, kills=3, cameras=3)
    assert found["seconds_worst_kill"] <= 1.0 and found["seconds_worst_camera"] <= 1.3, found
    assert found["lost_at_the_end"] == 0, found

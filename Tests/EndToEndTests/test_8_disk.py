"""A recorder's disk that fills, runs out of files, turns read-only, fails, and comes back.

Six cameras record through all of it onto a small disk of their own. Each test proves what it is about; the last one
accounts for every second and every frame of the whole time.
"""

import time
from contextlib import contextmanager

import pytest

from disk import SpoolDisk, may_mount
from disk_trial import CAMERAS, DiskTrial
from evidence import gather
from waiting import await_value

MEBIBYTE = 1 << 20
DISK_MEBIBYTES = 64
needs_disk = pytest.mark.skipif(not may_mount(), reason="mounting a disk is the right of root with all capabilities")


@pytest.fixture(scope="module")
def disk(home, artifacts):
    small = SpoolDisk(home, artifacts, DISK_MEBIBYTES)
    yield small
    small.end()


@pytest.fixture(scope="module")
def trial(home, api, camera_simulator, disk):
    running = DiskTrial(home, api, camera_simulator, disk)
    running.begin()
    yield running
    running.end()


def first_pauses(trial, since: float) -> dict[str, float]:
    """The seconds after which each camera was first seen without room."""
    found = {}
    for sample in list(trial.samples):
        for name, camera in trial.cameras.items():
            if sample.at >= since and sample.statuses[camera]["cause"] == "disk_full":
                found.setdefault(name, sample.at - since)
    return found


@contextmanager
def store_away(home, disk):
    """The store is stopped, and what is left of the disk is recorded full in some seconds."""
    home.stop("s3")
    disk.fill(leaving=disk.total // 16 * 3 + MEBIBYTE)
    try:
        yield
    finally:
        home.start("s3")


@needs_disk
def test_a_disk_that_fills_pauses_the_least_important_cameras_first_and_all_resume_when_the_store_is_back(home, trial):
    began = time.time()

    def all_have_paused() -> bool:
        return len(first_pauses(trial, began)) == len(CAMERAS)

    with trial.suffering("store away", store_away(home, trial.disk), "disk_full", recovery=30):
        await_value("all cameras pause", 60, all_have_paused, context=trial.statuses)
    pauses = first_pauses(trial, began)
    # Those that pause at one decision each end what they are writing, and are seen in one sample or in the next.
    together = 0.6
    early = [
        (name, other)
        for name in CAMERAS
        for other in CAMERAS
        if CAMERAS[name] > CAMERAS[other] and pauses[name] < pauses[other] - together
    ]
    assert not early, f"paused before one that matters less: {early}; {pauses}"
    assert pauses["hd/disk1"] - pauses["hd/disk6"] >= 1, f"all paused at once: {pauses}"
    trial.disk.empty()
    trial.await_reserve(10)


@needs_disk
def test_without_a_byte_left_cameras_say_so_and_record_as_soon_as_there_is_room(trial):
    with trial.suffering("full", trial.disk.full(), "disk_full"):
        time.sleep(3)
        # A recorder that begins on such a disk says so as well.
        trial.kill_recorder()
        time.sleep(5)
    trial.await_reserve(10)


@needs_disk
def test_without_a_byte_left_and_without_the_database_nothing_that_was_committed_is_lost(home, trial):
    """The uploader can write neither rows nor receipts then, and may delete nothing."""
    with trial.without_database("disk_full", recovery=20):
        home.stop("s3")
        try:
            await_value("some wait for the store", 10, lambda: len(trial.waiting()) >= 6)
        finally:
            home.start("s3")
        with trial.disk.full():
            kept = trial.waiting()
            time.sleep(6)
    assert kept, "nothing waited in that time"
    states = "select state from segments where id = any(%s::uuid[])"
    await_value(
        "all that waited is stored and has left the disk",
        30,
        lambda: [row["state"] for row in home.rows(states, list(kept))] == ["stored"] * len(kept)
        and not kept & trial.waiting(),
        context=lambda: home.log("upload"),
    )
    trial.await_reserve(10)


@needs_disk
def test_without_a_file_left_cameras_say_so_and_record_as_soon_as_there_are_some(trial):
    with trial.suffering("no files", trial.disk.without_files(), "disk_full"):
        time.sleep(5)
    trial.await_reserve(10)


@needs_disk
def test_a_disk_that_is_read_only_for_a_while_costs_that_while(trial):
    with trial.suffering("read-only", trial.disk.read_only(), "disk_failed"):
        time.sleep(8)


def test_a_disk_that_fails_for_a_while_costs_that_while(trial):
    everything = ("open", "write", "sync", "sync folder", "rename", "remove", "read")
    with trial.suffering("failing", trial.disk.failing(*everything), "disk_failed"):
        time.sleep(8)


def test_a_folder_that_cannot_be_made_durable_costs_nothing(trial):
    with trial.suffering("folder", trial.disk.failing("sync folder"), "none"):
        time.sleep(5)


def test_commits_that_are_refused_cost_nothing_also_if_the_recorder_is_killed_meanwhile(trial):
    with trial.suffering("commits", trial.disk.commits_refused(), "none"):
        time.sleep(5)
        trial.kill_recorder()
        trial.await_recording(8)
        time.sleep(2)


def test_a_recorder_that_may_open_nothing_more_says_so(trial):
    with trial.suffering("descriptors", trial.disk.descriptors_limited("capture"), "no_recorder"):
        time.sleep(5)


def test_each_second_has_footage_or_a_row_and_each_committed_segment_is_stored(home, api, camera_simulator, trial):
    until = time.time()
    for camera in trial.ids:
        api.switch(camera, False)
    for camera in trial.ids:
        api.await_state(camera, "off", 10)
    problems = []
    stored: dict[str, str] = {}
    for name, camera in trial.cameras.items():
        recording = gather(home, camera)
        stored |= {row["id"]: row["sha256"] for row in recording.rows}
        doubled = len(recording.counters) - len(set(recording.counters))
        if doubled:
            problems.append(f"{name}: {doubled} frames are stored twice")
        problems += trial.account(name, recording, trial.began, until)
    mine = {key: told for key, told in trial.committed.items() if told["camera_id"] in trial.ids}
    assert len(mine) > 20, f"only {len(mine)} segments were seen in the spool"
    problems += [f"committed and not stored: {key}" for key, told in mine.items() if stored.get(key) != told["sha256"]]
    trial.assert_no_process_died()
    assert not problems, "\n".join(problems)
    waiting = [path.name for folder in ("open", "ready") for path in (home.spool / folder).glob("*.json")]
    assert len(waiting) < 10, f"left in the spool: {waiting}"

"""Faults while recording: killed processes, and the broker, the database and the store away for a minute each.

Three cameras record through all of it. Each test proves what it is about; the last one counts every frame of the
whole time.
"""

import hashlib
import json
import threading
import time
from pathlib import Path

import psycopg2
import pytest
from playwright.sync_api import expect

from browsing import picture_of_trouble, sign_in
from evidence import assert_no_frame_lost, gather, ranges_of, segment_rows
from home import utc_text
from waiting import Stopwatch, await_value

NAMES = ("steady1", "steady2", "steady3")
OUTAGE_SECONDS = 60
BACK_WITHIN = 2.0


class Watch:
    """Cameras that record through the faults, and what has been seen of their segments in the spool."""

    def __init__(self, home, api, camera_simulator, names=NAMES):
        self.home, self.api, self.camera_simulator = home, api, camera_simulator
        self.cameras = {name: api.add_camera(name, camera_simulator.url(name))["id"] for name in names}
        self.committed: dict[str, dict] = {}
        self.read_up_to: dict[Path, int] = {}
        self.marks: list[str] = []
        self.ended = threading.Event()
        self.looking = threading.Thread(target=self.look_on, daemon=True)
        self.looking.start()

    def mark(self, text: str) -> None:
        counters = {name: self.camera_simulator.last_sent(name) for name in self.cameras}
        self.marks.append(f"{utc_text(time.time())} {text} {counters}")

    def look_on(self) -> None:
        """Looks ten times a second until the end: a sidecar lies there only until its segment is uploaded."""
        while not self.ended.wait(0.1):
            self.look()

    def end(self) -> None:
        self.ended.set()
        self.looking.join(10)

    def look(self) -> None:
        """Reads the sidecars of committed segments and the receipts of uploaded ones: what is promised so far."""
        for path in (self.home.spool / "ready").glob("*.json"):
            if path.stem not in self.committed:
                try:
                    self.committed[path.stem] = json.loads(path.read_text())
                except FileNotFoundError:
                    pass
        for path in (self.home.spool / "stored").glob("*.log"):
            self.read_receipts(path)

    def read_receipts(self, path: Path) -> None:
        """Reads the lines that are new: a checksum, the segment's identifier, the receipt."""
        with open(path, "rb") as log:
            log.seek(self.read_up_to.get(path, 0))
            new = log.read()
        whole = new[: new.rfind(b"\n") + 1]
        for line in whole.splitlines():
            _, key, receipt = line.decode().split(" ", 2)
            self.committed.setdefault(key, json.loads(receipt)["segment"])
        self.read_up_to[path] = self.read_up_to.get(path, 0) + len(whole)

    def last(self, seconds: float, begun: float | None = None) -> dict[str, dict]:
        """Waits until so long after `begun` (now); returns the segments that were committed in between."""
        since = begun or time.time()
        # One that began before and was committed in between counts too.
        before = {key for key in dict(self.committed) if key_time(key) < since}
        time.sleep(max(0.0, since + seconds - time.time()))
        # What was uploaded between two looks is known by its row.
        for row in self.rows_since(since):
            self.committed.setdefault(row["id"], row)
        return {key: value for key, value in dict(self.committed).items() if key not in before}

    def rows_since(self, moment: float) -> list[dict]:
        try:
            return self.home.rows(
                "select id::text, camera_id, object_key, encode(sha256, 'hex') sha256, duration_ms from segments "
                "where created_at >= to_timestamp(%s)",
                moment,
            )
        except psycopg2.OperationalError:
            return []

    def assert_all_stored(self, segments: dict[str, dict], seconds: float) -> None:
        """Each of these segments becomes `stored`, is in S3 under one key, and has the bytes its sidecar promised."""
        mine = {key: value for key, value in segments.items() if value["camera_id"] in self.cameras.values()}
        assert mine, "no segment was committed in that time"

        def left() -> list:
            rows = self.home.rows(
                "select id::text, state, tries, error from segments where id = any(%s::uuid[])", list(mine)
            )
            states = {row["id"]: (row["state"], row["tries"], row["error"]) for row in rows}
            return [(key, states.get(key)) for key in mine if states.get(key, ("no row",))[0] != "stored"]

        await_value(
            f"{len(mine)} segments are stored",
            seconds,
            lambda: not left(),
            every=0.5,
            context=lambda: f"not stored: {left()[:10]}\n{self.home.log('upload')}",
        )
        self.assert_in_store(mine)

    def assert_in_store(self, segments: dict[str, dict]) -> None:
        store, bucket = self.home.s3(), self.home.bucket
        listed = [
            entry["Key"]
            for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket)
            for entry in page.get("Contents", [])
        ]
        for key, sidecar in segments.items():
            found = [name for name in listed if key in name]
            assert found == [sidecar["object_key"]], f"segment {key} is in the store as {found}"
            data = store.get_object(Bucket=bucket, Key=found[0])["Body"].read()
            assert hashlib.sha256(data).hexdigest() == sidecar["sha256"], f"segment {key} has other bytes in the store"

    def assert_recording_went_on(self, segments: dict[str, dict], seconds: float) -> None:
        for name, camera in self.cameras.items():
            spans = [value["duration_ms"] for value in segments.values() if value["camera_id"] == camera]
            assert sum(spans) >= (seconds - 6) * 1000, (
                f"{name} committed {sum(spans)} ms of video in {seconds:g} s: {spans}"
            )


def key_time(identifier: str) -> float:
    """When a segment's identifier (UUIDv7) was made, in seconds since 1970: the moment it began."""
    return int(identifier.replace("-", "")[:12], 16) / 1000


@pytest.fixture(scope="module")
def watch(home, api, camera_simulator):
    cameras = Watch(home, api, camera_simulator)
    for camera in cameras.cameras.values():
        api.await_state(camera, "recording", 15)
    cameras.mark("all record")
    yield cameras
    cameras.end()
    for camera in cameras.cameras.values():
        api.call("POST", f"/cameras/{camera}/off")


def test_a_killed_web_process_is_back_within_two_seconds_and_serves_again(home, api, watch):
    watch.mark("kill web")
    seconds = home.kill("web", lambda: api.call("GET", "/cameras/").status_code == 200)
    assert seconds <= BACK_WITHIN, f"back after {seconds:.2f} s"


def test_a_killed_upload_process_is_back_within_two_seconds_and_uploads_what_it_held(home, api, watch):
    begun = time.time()
    watch.last(5)
    watch.mark("kill upload")
    seconds = home.kill("upload")
    assert seconds <= BACK_WITHIN, f"back after {seconds:.2f} s"
    watch.assert_all_stored(watch.last(11, begun), 30)


def test_the_broker_may_be_away_for_a_minute(home, api, camera_simulator, watch, new_page, artifacts):
    watch.mark("stop rabbitmq")
    home.stop("rabbitmq")
    begun = time.time()
    try:
        late = api.add_camera("Switched on without a broker", camera_simulator.url("late1"))["id"]
        api.await_state(late, "recording", 20)
        picture_of_trouble(new_page(), home, artifacts, "no-broker", "The message broker does not answer.")
        segments = watch.last(OUTAGE_SECONDS, begun)
        for camera in watch.cameras.values():
            assert api.status(camera)["state"] == "recording"
        api.switch(late, False)
    finally:
        home.start("rabbitmq")
        watch.mark("started rabbitmq")
    watch.assert_recording_went_on(segments, OUTAGE_SECONDS)
    watch.assert_all_stored(segments, 60)
    assert_no_frame_lost(gather(home, late), camera_simulator, "late1")


def test_the_database_may_be_away_for_a_minute(home, api, watch, new_page, artifacts):
    page = new_page()
    sign_in(page, home)
    watch.mark("stop postgres")
    home.stop("postgres")
    begun = time.time()
    try:
        asked = Stopwatch()
        answer = api.call("GET", "/cameras/")
        assert answer.status_code == 503 and answer.headers.get("Retry-After"), (
            f"without a database the API answers {answer.status_code} {answer.headers}"
        )
        assert asked.seconds < 5, f"the API took {asked.seconds:.1f} s to say that the database is away"
        live = api.call("GET", "/health/live")
        assert live.status_code == 200, f"/health/live answers {live.status_code}"
        ready = api.call("GET", "/health/ready")
        assert ready.status_code == 503, f"/health/ready answers {ready.status_code}: {ready.text[:300]}"
        page.goto("/api/v1/controller/")
        page.screenshot(path=artifacts / "cameras-no-database.png")
        expect(page.get_by_role("heading", level=1)).to_have_text("Observer can’t answer right now")
        segments = watch.last(OUTAGE_SECONDS, begun)
    finally:
        home.start("postgres")
        watch.mark("started postgres")
    await_value("the API answers again", 15, lambda: api.call("GET", "/cameras/").status_code == 200)
    watch.assert_recording_went_on(segments, OUTAGE_SECONDS)
    watch.assert_all_stored(segments, 60)


def test_the_store_may_be_away_for_a_minute_without_using_up_tries(home, api, watch, new_page, artifacts):
    watch.mark("stop s3")
    home.stop("s3")
    begun = time.time()
    try:
        picture_of_trouble(new_page(), home, artifacts, "no-store", "The object store does not answer.")
        segments = watch.last(OUTAGE_SECONDS, begun)
        states = home.rows("select state, count(*) from segments where state not in ('stored', 'spooled') group by 1")
        assert not states, f"network trouble has used up tries: {states}"
    finally:
        home.start("s3")
        watch.mark("started s3")
    watch.assert_recording_went_on(segments, OUTAGE_SECONDS)
    watch.assert_all_stored(segments, 90)


def test_no_frame_of_the_whole_time_is_lost_or_doubled(home, api, camera_simulator, watch):
    watch.mark("off")
    for camera in watch.cameras.values():
        api.switch(camera, False)
    for camera in watch.cameras.values():
        api.await_state(camera, "off", 10)
    faults = []
    for name, camera in watch.cameras.items():
        recording = gather(home, camera)
        connections = camera_simulator.connections(name)
        if len(connections) != 1:
            faults.append(f"{name} was opened {len(connections)} times: {[c['ranges'] for c in connections]}")
        missing = recording.missing_from(camera_simulator.sent(name))
        doubled = len(recording.counters) - len(set(recording.counters))
        if missing or doubled:
            faults.append(f"{name}: {len(missing)} frames missing {ranges_of(missing)}, {doubled} doubled")
    assert not faults, "\n".join(faults + watch.marks)
    # Every segment that was ever seen committed, in all that time.
    seen = {key: told for key, told in dict(watch.committed).items() if told["camera_id"] in watch.cameras.values()}
    count = sum(len(segment_rows(home, camera)) for camera in watch.cameras.values())
    assert len(seen) >= count / 2, f"only {len(seen)} of {count} segments were seen in the spool"
    watch.assert_all_stored(seen, 30)


def test_a_killed_capture_process_is_back_within_two_seconds_and_costs_at_most_a_second_of_video(
    home, api, camera_simulator, cameras
):
    names = ("killed1", "killed2")
    mine = {name: cameras(name, camera_simulator.url(name), segment_seconds=12) for name in names}
    for camera in mine.values():
        api.await_state(camera, "recording", 15)
    for name in names:
        camera_simulator.await_frames(name, 3 * camera_simulator.fps, 15)

    def open_sizes() -> list[int]:
        return [path.stat().st_size for path in (home.spool / "open").glob("*.part")]

    # In the middle of segments, so that there is a part to be saved; other cameras' segments do not grow so large.
    await_value(
        "both open segments have some seconds",
        60,
        lambda: sum(size > 250_000 for size in open_sizes()) >= 2,
        every=0.05,
        context=open_sizes,
    )
    seconds = home.kill("capture")
    for name in names:
        await_value(f"{name} is opened again", 15, lambda: len(camera_simulator.connections(name)) == 2)
        camera_simulator.await_frames(name, 4 * camera_simulator.fps, 15)
    for camera in mine.values():
        api.await_state(camera, "recording", 15)
        api.switch(camera, False)
    for camera in mine.values():
        api.await_state(camera, "off", 10)
    assert seconds <= BACK_WITHIN, f"back after {seconds:.2f} s"

    for name, camera in mine.items():
        recording = gather(home, camera)
        before, after = camera_simulator.connections(name)
        last_before, first_after = before["ranges"][-1][1], after["ranges"][0][0]
        stored = set(recording.counters)
        assert len(stored) == len(recording.counters), f"{name}: frames are doubled"
        old = [counter for counter in stored if counter <= last_before]
        lost = last_before - max(old)
        assert lost <= camera_simulator.fps * 1.2, f"{name}: {lost} frames before the kill are lost"
        missing = [c for c in recording.missing_from(camera_simulator.sent(name)) if not max(old) < c <= last_before]
        assert not missing, f"{name}: frames are missing away from the kill: {ranges_of(missing)}"
        assert first_after in stored, f"{name}: the first frame after the restart, {first_after}, is missing"
        gap = after["first_sent"] - before["last_sent"]
        assert gap <= 6, f"{name}: {gap:.1f} s passed between the kill and the next frame"
        reasons = [row["end_reason"] for row in recording.rows]
        assert "recovered" in reasons, f"{name}: no segment was repaired: {reasons}"

"""The way to the cloud while things go wrong there: a folder moved away or read-only, a cloned spool, a wrong key, a frozen
database, messages that lie, stores that refuse what others take, bytes that are changed on their way.

Two cameras record through all of it. Each test proves what it is about; the last one holds every committed segment against
the store, by its hash, and sees that no process has died.
"""

import json
import os
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pika
import pytest

from disk import refused
from evidence import assert_no_frame_lost, gather
from home import REPOSITORY
from store_proxy import StoreProxy
from test_3_faults import Watch
from waiting import await_value

# The uploads that the uploader begins with.
AT_THE_SAME_TIME = 16
SERVICES = ("web", "capture", "upload", "retention", "postgres")


class CloudWatch(Watch):
    """Cameras of this module, and the processes that must outlive it."""

    names = ("cloud1", "cloud2")

    def __init__(self, home, api, camera_simulator):
        super().__init__(home, api, camera_simulator, self.names)
        self.pids = {service: home.pid(service) for service in SERVICES}

    def committed_since(self, moment: float, seconds: float) -> dict[str, dict]:
        """Waits so long; returns the cameras' segments that were committed since."""
        segments = self.last(seconds, moment)
        return {key: value for key, value in segments.items() if value["camera_id"] in self.cameras.values()}


@pytest.fixture(scope="module")
def watch(home, api, camera_simulator):
    cameras = CloudWatch(home, api, camera_simulator)
    for camera in cameras.cameras.values():
        api.await_state(camera, "recording", 15)
    yield cameras
    cameras.end()
    for camera in cameras.cameras.values():
        api.call("POST", f"/cameras/{camera}/off")


def waiting(spool: Path) -> set[str]:
    """The committed segments that lie in a spool."""
    return {path.stem for path in (spool / "ready").glob("*.json")}


def uploader(home, api) -> dict:
    """What the API tells of the uploader of the home."""
    identity = (home.spool / "SPOOL_ID").read_text().strip()
    return next(each for each in api.get("/uploaders") if each["spool_id"] == identity)


def home_settings(home) -> set[str]:
    """The names of the settings that all services of the home share."""
    return set(home.values("observer.env"))


class UploaderWith:
    """The uploader of the home with other settings of its own, for as long as a `with` lasts."""

    def __init__(self, home, **settings: str):
        self.home, self.settings = home, settings
        self.path = home.path / "config" / "upload.env"
        self.text = self.path.read_text()

    def restart(self, text: str) -> None:
        self.path.write_text(text)
        self.home.stop("upload")
        self.home.start("upload")

    def __enter__(self):
        names = {line.partition("=")[0] for line in self.text.splitlines()} | home_settings(self.home)
        assert self.settings.keys() <= names, f"the home does not have all of {list(self.settings)}"
        # The last of a name counts.
        self.restart(self.text + "".join(f"{name}={value}\n" for name, value in self.settings.items()))
        return self

    def __exit__(self, *_):
        self.restart(self.text)


class Copy:
    """A copy of the spool with an uploader of its own, as on a cloned machine."""

    def __init__(self, home, folder: Path, settings: dict[str, str]):
        self.home, self.spool, self.log = home, folder / "spool", folder / "upload.log"
        # What changes meanwhile, and what no uploader reads, is left out.
        others = shutil.ignore_patterns("*.part", "open", "journal", "plans", "reserve", ".uploader.lock")
        shutil.copytree(home.spool, self.spool, ignore=others)
        environment = {"PATH": os.environ["PATH"]} | settings | {"OBSERVER_SPOOL": str(self.spool)}
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [str(REPOSITORY / ".build" / "release" / "observer-upload")], env=environment, stderr=log, cwd="/"
            )

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


def test_a_folder_that_is_moved_away_and_back_has_lost_nothing(home, watch):
    begun = time.time()
    ready, away = home.spool / "ready", home.spool / "moved"
    ready.rename(away)
    try:
        time.sleep(3)
    finally:
        away.rename(ready)
    watch.assert_all_stored(watch.committed_since(begun, 6), 30)
    assert "Segment lost" not in home.log("upload", 200)


def test_messages_that_lie_change_no_row_and_end_no_process(home, api, watch):
    identity = (home.spool / "SPOOL_ID").read_text().strip()
    camera = watch.cameras["cloud1"]
    # What was seen in the spool is a whole sidecar; what was seen as a row is not.
    seen = [told for told in dict(watch.committed).values() if told["camera_id"] == camera and "run" in told]
    assert seen, "no sidecar was seen in the spool"
    sidecar, stored = dict(seen[0]), seen[0]["id"]
    state = "select state from segments where id = %s"
    await_value("it is stored", 20, lambda: home.rows(state, stored)[0]["state"] == "stored")
    before = home.rows("select s::text from segments s where id = %s", stored)
    stranger = str(uuid.UUID(int=(int(time.time() * 1000) << 80) | 0x7 << 76 | 0x2 << 62 | 0xABCDEF))
    absurd = [
        {"cycle": 2**63 - 1},
        {"attempt": -1},
        {"segment": sidecar | {"duration_ms": 9 * 10**18}},
        {"segment": sidecar | {"bytes": -5}},
        {"segment": sidecar | {"frames": 2**62}},
        {"segment": sidecar | {"started_at": "9999-12-31T23:59:59.999Z"}},
        {"segment": sidecar | {"object_key": "../../etc/passwd"}},
        {"segment": sidecar | {"id": stranger, "object_key": sidecar["object_key"].replace(stored, stranger)}},
        {"v": 10**30},
    ]
    bodies = [json.dumps({"v": 2, "attempt": 1, "cycle": 0, "segment": sidecar} | each).encode() for each in absurd]
    connection = pika.BlockingConnection(pika.URLParameters(home.environment()["OBSERVER_AMQP_URL"]))
    try:
        channel = connection.channel()
        for body in [*bodies, b"", b"{", b"\xff" * 10_000, b"[" * 100_000]:
            channel.basic_publish("observer.upload", identity, body)
        queue = f"upload.{identity}"
        await_value(
            "all messages are answered",
            15,
            lambda: channel.queue_declare(queue, passive=True).method.message_count == 0,
        )
    finally:
        connection.close()
    assert home.rows("select s::text from segments s where id = %s", stored) == before
    assert not home.rows("select 1 from segments where id = %s", stranger), "a message alone has made a row"
    assert api.call("GET", f"/cameras/{camera}/segments").status_code == 200
    assert home.pid("upload") == watch.pids["upload"]


def test_a_wrong_key_costs_nothing_and_a_cloned_spool_is_left_alone(home, api, watch, tmp_path):
    begun = time.time()
    settings = home.environment()
    with UploaderWith(home, AWS_SECRET_ACCESS_KEY="wrong"):
        state = await_value(
            "the uploader tells that the store refuses all",
            25,
            lambda: (found := uploader(home, api))["store_state"] == "refused" and found["backlog_files"] > 0 and found,
            context=lambda: home.log("upload"),
        )
        assert state["store_detail"] and state["backlog_bytes"] > 0 and state["oldest_at"]
        metrics = api.call("GET", "/metrics").text
        assert f'spool="{state["spool_id"]}",state="refused"}} 1' in metrics
        copy = Copy(home, tmp_path, settings)
    try:
        copied = waiting(copy.spool)
        assert copied, "nothing waited when the spool was copied"
        await_value(
            "the uploader of the copy says whose the spool is",
            20,
            lambda: "Spool claimed by another uploader" in copy.log.read_text(),
            context=copy.log.read_text,
        )
        watch.assert_all_stored(watch.committed_since(begun, 0), 45)
        assert waiting(copy.spool) == copied, "the uploader of the copy has touched its files"
        assert copy.log.read_text().count("ERROR") == 1, copy.log.read_text()
    finally:
        assert copy.end() == 0
    watch.pids["upload"] = home.pid("upload")


def test_a_frozen_database_stops_no_upload(home, watch):
    program = os.readlink(f"/proc/{home.pid('postgres')}/exe")
    store, bucket = home.s3(), home.bucket

    def objects() -> int:
        return sum(
            len(page.get("Contents", [])) for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        )

    def processes() -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "exe") == program:
                    if str(home.path) in os.readlink(entry / "cwd"):
                        found.append(int(entry.name))
            except OSError:
                continue
        return found

    begun = time.time()
    frozen = processes()
    assert home.pid("postgres") in frozen
    before = objects()
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        await_value("objects come while the database is frozen", 12, lambda: objects() >= before + 4)
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    watch.assert_all_stored(watch.committed_since(begun, 8), 30)


def test_a_store_without_checksums_whose_bucket_refuses_head_gets_everything_once(home, api, watch):
    begun = time.time()
    with StoreProxy(home, refuses_checksums=True, refuses_heads=True) as store:
        with UploaderWith(home, AWS_ENDPOINT_URL_S3=store.url):
            watch.assert_all_stored(watch.committed_since(begun, 7), 20)
            assert uploader(home, api)["store_state"] == "working"
        assert_sent_once(store)
    # It is found out by trying; what is known then is not tried again.
    assert 1 <= store.refused["PUT"] <= AT_THE_SAME_TIME, store.refused
    assert 1 <= store.refused["HEAD"] <= 3, store.refused
    watch.pids["upload"] = home.pid("upload")


@pytest.mark.parametrize("checks", [True, False], ids=["by_a_store_that_checks", "by_a_store_that_keeps_anything"])
def test_bytes_that_are_changed_on_the_way_are_sent_again(home, api, watch, checks):
    begun = time.time()
    with StoreProxy(home, refuses_checksums=not checks) as store:
        with UploaderWith(home, AWS_ENDPOINT_URL_S3=store.url):
            # What the store is able to do is known by then.
            await_value("recordings are stored", 20, lambda: segments_in(store.taken))
            store.spoils = True
            watch.assert_all_stored(watch.committed_since(begun, 8), 30)
    assert len(segments_in(store.spoiled)) >= 4, f"only {len(store.spoiled)} uploads were spoiled"
    assert_sent_once(store)
    assert not api.get("/uploads/failed")
    watch.pids["upload"] = home.pid("upload")


def test_a_ready_folder_that_is_read_only_for_a_while_has_everything_stored_once(home, watch):
    begun = time.time()
    with StoreProxy(home) as store, UploaderWith(home, AWS_ENDPOINT_URL_S3=store.url):
        await_value("recordings are stored", 20, lambda: segments_in(store.taken))
        store.passes.clear()
        await_value("uploads wait at the store", 15, lambda: store.waiting >= 3, context=lambda: home.log("upload"))
        with refused(home.spool / "ready"):
            before = waiting(home.spool)
            store.passes.set()
            sent = await_value(
                "what was on its way is in the store",
                10,
                lambda: len(found := segments_in(store.taken) & before) >= 3 and found,
            )
            time.sleep(5)
            # Nothing can be deleted, and nothing is sent anew because of that.
            assert sent <= waiting(home.spool)
            assert_sent_once(store)
        watch.assert_all_stored(watch.committed_since(begun, 0), 30)
        await_value("what is stored is deleted", 20, lambda: not sent & waiting(home.spool))
        assert_sent_once(store)
    watch.pids["upload"] = home.pid("upload")


def segments_in(paths) -> set[str]:
    """The segments whose objects are among these paths: a key ends with the identifier."""
    return {Path(path).stem[-36:] for path in paths if path.endswith(".mp4")}


def assert_sent_once(store: StoreProxy) -> None:
    several = {path: count for path, count in store.taken.items() if count > 1}
    assert not several, f"sent more than once: {several}"


def test_afterwards_everything_is_stored_once_and_no_process_has_died(home, api, camera_simulator, watch):
    for camera in watch.cameras.values():
        api.switch(camera, False)
    for camera in watch.cameras.values():
        api.await_state(camera, "off", 10)
    for name, camera in watch.cameras.items():
        assert_no_frame_lost(gather(home, camera), camera_simulator, name)
    seen = {key: told for key, told in dict(watch.committed).items() if told["camera_id"] in watch.cameras.values()}
    watch.assert_all_stored(seen, 10)
    assert {service: home.pid(service) for service in SERVICES} == watch.pids
    assert not api.get("/uploads/failed")
    assert uploader(home, api)["store_state"] == "working"

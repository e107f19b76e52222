"""What the database knows of recordings comes back from the bucket: after it was restored to an earlier state, and after it
was lost.

Two cameras record. The last test sees that they go on as if nothing had been, and that no process has died.
"""

import hashlib
import time

import pytest
import requests

from database import HomeDatabase
from home import Client
from test_6_cloud import CloudWatch, uploader, waiting
from waiting import await_value

# What an object and its metadata tell of a segment.
SEGMENTS = """
    select id::text, camera_id, stream, epoch, run::text, sequence, started_at, duration_ms, bytes,
        encode(sha256, 'hex') as sha256, frames, codecs, width, height, has_audio, media_start_90k, media_duration_90k, flags,
        end_reason, object_key, state
    from segments where state in ('stored', 'lost') order by id
"""


@pytest.fixture(scope="module")
def database(home):
    return HomeDatabase(home)


@pytest.fixture(scope="module")
def watch(home, api, camera_simulator, database):
    cameras = CatalogueWatch(home, api, camera_simulator)
    for camera in cameras.cameras.values():
        api.await_state(camera, "recording", 15)
    yield cameras
    cameras.end()
    for camera in cameras.cameras.values():
        api.call("POST", f"/cameras/{camera}/off")


class CatalogueWatch(CloudWatch):
    names = ("catalogue1", "catalogue2")


def objects(home) -> dict[str, str]:
    """The recordings in the bucket: identifiers and keys."""
    pages = home.s3().get_paginator("list_objects_v2").paginate(Bucket=home.bucket)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return {key[-40:-4]: key for key in keys if key.endswith(".mp4")}


def number(home) -> int:
    return home.rows("select number from catalogue_status")[0]["number"]


def assert_playable(api: Client, camera: int, wanted: set[str]) -> None:
    """The API lists these recordings of a camera as stored, and sends the bytes that it tells the hash of."""
    listed = {each["id"]: each for each in api.get(f"/cameras/{camera}/segments")}
    assert wanted <= listed.keys(), f"not in the API: {sorted(wanted - listed.keys())[:10]}"
    for identifier in sorted(wanted):
        assert listed[identifier]["state"] == "stored", listed[identifier]
        video = api.session.get(f"{api.base}/segments/{identifier}.mp4", timeout=10)
        assert video.status_code == 200 and hashlib.sha256(video.content).hexdigest() == listed[identifier]["sha256"]


def test_what_a_restored_dump_lacks_comes_back_from_the_bucket_and_from_receipts(home, api, watch, database, tmp_path):
    # Nobody has the lease in the dump, as in one that is some minutes old.
    home.stop("retention")
    database.dump(tmp_path / "dump")
    begun, before = time.time(), number(home)
    # It rises every two minutes, and with each start.
    home.start("retention")
    await_value("the state of the database has a higher number", 15, lambda: number(home) > before)
    seen = watch.committed_since(begun, 7)
    watch.assert_all_stored(seen, 20)
    there = objects(home).keys()

    def missing() -> set[str]:
        return there - {row["id"] for row in home.rows("select id::text from segments where state = 'stored'")}

    # Each alone: who deletes and keeps the catalogue has the bucket, the uploader what it has noted down.
    for alone, other in (("retention", "upload"), ("upload", "retention")):
        for service in (alone, other):
            home.stop(service)
        try:
            database.restore(tmp_path / "dump")
            assert len(missing()) >= 4, "the dump has all that was recorded since"
            home.start(alone)
            await_value(
                f"{alone} brings all back", 30, lambda: not missing(), context=lambda: f"{missing()}\n{home.log(alone)}"
            )
        finally:
            home.start(alone)
            home.start(other)
    assert "Catalogue restored from the bucket" in home.log("retention", 1000)
    for camera in watch.cameras.values():
        assert_playable(api, camera, {key for key, told in seen.items() if told["camera_id"] == camera})
        api.await_state(camera, "recording", 10)
    watch.assert_all_stored(watch.committed_since(time.time(), 5), 30)
    watch.pids |= {service: home.pid(service) for service in ("upload", "retention")}


def test_the_bucket_alone_brings_all_recordings_back(home, watch, database):
    home.stop("capture")
    try:
        await_value("the spool is empty", 30, lambda: not waiting(home.spool), context=lambda: home.log("upload"))
        for service in ("upload", "retention"):
            home.stop(service)
        compare_with_bucket_alone(home, watch, database)
    finally:
        for service in ("retention", "upload", "capture"):
            home.start(service)
    watch.pids |= {service: home.pid(service) for service in ("capture", "upload", "retention")}


def compare_with_bucket_alone(home, watch, database) -> None:
    before = home.rows(SEGMENTS)
    assert {row["id"] for row in before} == objects(home).keys(), "rows and objects differ before"
    database.create("fresh")
    database.put("fresh", "kept")
    try:
        database.prepare()
        assert not home.rows("select 1 from segments") and not home.rows("select 1 from cameras")
        told = database.tool("rebuild")
        assert home.rows(SEGMENTS) == before, told
        reader = Client(home.api, database.tool("token", "after", "--role", "viewer").strip())
        for name, camera in watch.cameras.items():
            assert reader.get(f"/cameras/{camera}")["is_active"] is False
            mine = {row["id"] for row in before if row["camera_id"] == camera}
            assert len(mine) >= 4
            assert_playable(reader, camera, mine)
    finally:
        database.put("kept", "rebuilt")
        home.run_as_database_admin("drop database rebuilt")


def test_afterwards_cameras_record_on_and_no_process_has_died(home, api, watch):
    for camera in watch.cameras.values():
        api.await_state(camera, "recording", 20)
    watch.assert_all_stored(watch.committed_since(time.time(), 6), 30)
    assert {service: home.pid(service) for service in watch.pids} == watch.pids
    assert requests.get(f"{home.api}/controller/healthcheck", timeout=5).status_code == 200
    assert uploader(home, api)["store_state"] == "working"
    assert not home.rows("select error from catalogue_status where error is not null")

"""Exports: any stretch of time as one file, counted frame by frame, played elsewhere, and proven unchanged."""

import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from datetime import datetime, timedelta

import pytest
import requests
import urllib3

from evidence import gather
from home import REPOSITORY
from waiting import await_value

from clip import counters_in  # the simulator's; camera_simulator.py put its folder on the path

FRAME = 0.04


def text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def probe(path, *entries: str) -> dict:
    order = ["ffprobe", "-v", "error", "-count_packets", "-of", "json", "-show_entries", ":".join(entries), str(path)]
    return json.loads(subprocess.run(order, check=True, capture_output=True, timeout=30).stdout)


@pytest.fixture(scope="module")
def recorded(home, api, camera_simulator):
    """Two connections of one camera with a gap between them, all of it stored."""
    camera = api.add_camera("Tor 7/Süd", camera_simulator.url("export1"))["id"]
    api.await_state(camera, "recording", 15)
    camera_simulator.await_frames("export1", 150, 15)
    camera_simulator.fault("export1", "stall")
    api.await_state(camera, "retrying", 15)
    camera_simulator.fault("export1", "none")
    api.await_state(camera, "recording", 30)
    camera_simulator.await_frames("export1", 100, 15)
    api.switch(camera, False)
    api.await_state(camera, "off", 10)
    yield camera, gather(home, camera)


def whole(recording) -> tuple[datetime, datetime]:
    first, last = recording.rows[0], recording.rows[-1]
    return first["started_at"], last["started_at"] + timedelta(milliseconds=last["duration_ms"])


def export(home, api, camera: int, begin: datetime, end: datetime, **headers) -> requests.Response:
    query = {"from": text(begin), "to": text(end)}
    return api.session.get(f"{api.base}/cameras/{camera}/export.mp4", params=query, headers=headers, timeout=30)


def verify(home, *words: str) -> subprocess.CompletedProcess:
    program = REPOSITORY / ".build" / "release" / "observerctl"
    return subprocess.run([program, "verify", *map(str, words)], capture_output=True, text=True, timeout=60)


def test_an_export_has_every_frame_once_and_gaps_as_gaps(home, api, recorded, tmp_path):
    camera, recording = recorded
    begin, end = whole(recording)
    answer = export(home, api, camera, begin, end)
    assert answer.status_code == 200 and int(answer.headers["Content-Length"]) == len(answer.content)
    assert counters_in(answer.content) == recording.counters

    path = tmp_path / "whole.mp4"
    path.write_bytes(answer.content)
    facts = probe(path, "format=duration", "stream=codec_name,nb_read_packets")
    assert abs(float(facts["format"]["duration"]) - (end - begin).total_seconds()) < 0.3
    assert {stream["codec_name"] for stream in facts["streams"]} == {"h264", "mov_text"}
    packets = probe(path, "packet=pts_time,stream_index")["packets"]
    times = [float(packet["pts_time"]) for packet in packets if packet["stream_index"] == 0]
    assert len(times) == len(recording.counters) and times == sorted(times) and len(set(times)) == len(times)
    jumps = [(a, b) for a, b in zip(times, times[1:]) if b - a > 1]
    assert len(jumps) == 1, jumps
    second_run = next(b for a, b in zip(recording.rows, recording.rows[1:]) if a["run"] != b["run"])
    assert abs(jumps[0][1] - (second_run["started_at"] - begin).total_seconds()) < 0.2

    manifest = api.get(f"/cameras/{camera}/export.json", params={"from": text(begin), "to": text(end)})
    assert [(s["id"], s["sha256"]) for s in manifest["segments"]] == [(r["id"], r["sha256"]) for r in recording.rows]
    assert [gap["cause"] for gap in manifest["gaps"]] == ["stalled"] and manifest["unexplained"] == []


def test_a_part_begins_with_its_key_frame_and_is_the_same_piece_by_piece(home, api, recorded, tmp_path):
    camera, recording = recorded
    begin = recording.rows[0]["started_at"] + timedelta(milliseconds=2340)
    end = begin + timedelta(milliseconds=2000)
    answer = export(home, api, camera, begin, end)
    counters = counters_in(answer.content)
    first = recording.counters[0]
    assert counters == list(range(counters[0], counters[0] + len(counters)))
    assert counters[0] % 25 == 0 and 0 <= 58 - (counters[0] - first) <= 25, (first, counters[0])
    assert abs(counters[-1] - first - 108) <= 1

    tag = answer.headers["ETag"]
    assert export(home, api, camera, begin, end, **{"If-None-Match": tag}).status_code == 304
    # The name tells the zone of whoever asks.
    assert re.search(r'filename="[^"]*T\d{6}Z_[^"]*Z\.mp4"', answer.headers["Content-Disposition"])
    elsewhere = export(home, api, camera, begin, end, Cookie="zone=Asia/Kolkata")
    assert elsewhere.headers["Content-Disposition"].count("+0530") == 2
    size, joined = len(answer.content), b""
    for start in range(0, size, 40_001):
        part = export(home, api, camera, begin, end, **{"Range": f"bytes={start}-{start + 40_000}", "If-Range": tag})
        assert part.status_code == 206 and part.headers["ETag"] == tag
        joined += part.content
    assert joined == answer.content
    assert export(home, api, camera, begin, end, Range=f"bytes={size}-").status_code == 416
    assert export(home, api, camera, begin, end, **{"Range": "bytes=5-", "If-Range": '"other"'}).status_code == 200


def test_players_show_it_and_go_to_any_place(home, api, recorded, chromium, artifacts, tmp_path):
    camera, recording = recorded
    begin, end = whole(recording)
    context = chromium.new_context(base_url=home.url, extra_http_headers=dict(api.session.headers))
    try:
        page = context.new_page()
        page.goto("/api/v1/controller/static/verify.html")
        seen = page.evaluate(
            """async (address) => {
                const video = document.createElement("video");
                video.muted = true;
                document.body.append(video);
                const happens = (name) => new Promise((done, failed) => {
                    video.addEventListener(name, done, { once: true });
                    video.addEventListener("error", () => failed(new Error(video.error.message)), { once: true });
                    setTimeout(() => failed(new Error("no " + name)), 10000);
                });
                const loaded = happens("loadeddata");
                video.src = address;
                await loaded;
                const places = [];
                for (const place of [video.duration - 0.5, 1.0, 3.25]) {
                    const moved = happens("seeked");
                    video.currentTime = place;
                    await moved;
                    places.push([place, video.currentTime, video.videoWidth]);
                }
                return { duration: video.duration, places };
            }""",
            f"/api/v1/cameras/{camera}/export.mp4?from={text(begin)}&to={text(end)}",
        )
    finally:
        context.close()
    assert abs(seen["duration"] - (end - begin).total_seconds()) < 0.3, seen
    assert all(abs(asked - got) < 0.1 and width == 640 for asked, got, width in seen["places"]), seen

    if shutil.which("cvlc") is None:
        pytest.skip("no VLC here")
    path = tmp_path / "vlc.mp4"
    path.write_bytes(export(home, api, camera, begin, end).content)
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    user = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
    out = tmp_path / "shown"
    out.mkdir()
    out.chmod(0o777)
    scene = ["--video-filter=scene", "--scene-format=png", "--scene-ratio=1", "--scene-prefix=s", f"--scene-path={out}"]
    quiet = ["-I", "dummy", "--no-media-library", "--no-audio", "--no-spu", "--no-video-title-show", "--vout=dummy"]
    order = [*user, "env", "HOME=/nonexistent", "cvlc", *quiet, *scene, "--start-time=3", "--run-time=1", "-vv", str(path), "vlc://quit"]
    told = subprocess.run(order, capture_output=True, text=True, timeout=40)
    lines = told.stdout + told.stderr
    assert "found 2 tracks" in lines and "final seek to fragment" in lines, lines[-2000:]
    shown = sorted(out.glob("*.png"))
    assert shown, lines[-2000:]
    # It began where it was told to: the first picture is a later one than that of the start.
    start = tmp_path / "start.png"
    subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-frames:v", "1", "-update", "1", start], check=True, timeout=20)
    assert shown[0].read_bytes() != start.read_bytes()


def test_a_changed_byte_is_found_by_the_tool_and_by_the_page(home, api, recorded, chromium, tmp_path):
    camera, recording = recorded
    begin, end = whole(recording)
    content = export(home, api, camera, begin, end - timedelta(milliseconds=300)).content
    key = api.get("/exports/key")["fingerprint"]
    good, bad, cut = (tmp_path / name for name in ("good.mp4", "bad.mp4", "cut.mp4"))
    good.write_bytes(content)
    changed = bytearray(content)
    changed[len(content) // 2] ^= 1
    bad.write_bytes(changed)
    cut.write_bytes(content[: len(content) * 2 // 3])
    told = verify(home, good, "--key", key)
    assert told.returncode == 0 and "ok" in told.stdout, told.stdout + told.stderr
    told = verify(home, bad)
    assert told.returncode == 1 and "was changed" in told.stdout, told.stdout + told.stderr
    assert sum(row["id"] in told.stdout for row in recording.rows) == 1, told.stdout
    told = verify(home, cut)
    assert told.returncode == 1 and "cut" in told.stdout, told.stdout + told.stderr

    # The page works from a folder alone, without a server.
    static = REPOSITORY / "templates" / "static"
    for name in ("verify.html", "verify.js"):
        shutil.copy(static / name, tmp_path / name)
    context = chromium.new_context(offline=True)
    try:
        page = context.new_page()
        page.goto((tmp_path / "verify.html").as_uri())
        for path, word in ((good, "Unchanged"), (bad, "was changed"), (cut, "The file is cut")):
            page.set_input_files("#file", path)
            page.wait_for_function("word => document.querySelector('#result').textContent.includes(word)", arg=word, timeout=20_000)
    finally:
        context.close()


def test_several_stretches_are_one_archive(home, api, recorded, tmp_path):
    camera, recording = recorded
    begin, end = whole(recording)
    middle = begin + timedelta(seconds=2)
    items = [
        {"camera": camera, "from": text(begin), "to": text(middle)},
        {"camera": camera, "from": text(middle), "to": text(end)},
    ]
    answer = api.session.post(f"{api.base}/exports", json={"items": items}, timeout=30)
    assert answer.status_code == 200 and int(answer.headers["Content-Length"]) == len(answer.content), answer.text[:300]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        videos = [name for name in archive.namelist() if name.endswith(".mp4")]
        assert len(videos) == 2 and all(json.loads(archive.read(name + ".json"))["camera"]["id"] == camera for name in videos)
        counters = [counters_in(archive.read(name)) for name in videos]
    assert counters[0][0] == recording.counters[0] and counters[1][-1] == recording.counters[-1]
    path = tmp_path / "several.zip"
    path.write_bytes(answer.content)
    told = verify(home, path)
    assert told.returncode == 0, told.stdout + told.stderr


def test_what_cannot_be_exported_is_said_before_anything_starts(home, api, recorded):
    camera, recording = recorded
    begin, end = whole(recording)
    day = timedelta(days=1)

    def refused(first, last, status: int, word: str, number: int = camera) -> None:
        query = {"from": first, "to": last}
        for name in ("export.mp4", "export.json"):
            answer = api.call("GET", f"/cameras/{number}/{name}", status, params={k: v for k, v in query.items() if v})
            assert word in answer.text, answer.text

    refused(text(end), text(begin), 422, "must be after from")
    refused(text(begin), None, 422, "is required")
    refused("yesterday", text(end), 422, "from")
    refused(text(end + 2 * day), text(end + 3 * day), 422, "future")
    refused(text(begin - 3650 * day), text(end), 422, "31 days")
    refused(text(begin - 2 * day), text(begin - day), 404, "not switched on")
    refused(text(begin), text(end), 404, "no such camera", 999_999)
    assert requests.get(f"{api.base}/cameras/{camera}/export.mp4", timeout=10).status_code == 401
    for body in ({}, {"items": []}, {"items": [{"camera": camera}]}, {"items": [7]}, {"items": [{"camera": "x", "from": text(begin), "to": text(end)}]}):
        assert api.call("POST", "/exports", 422, json=body).json()["errors"]
    assert api.get("/exports") == []


def test_an_export_ends_with_its_reader_and_can_be_stopped(home, api, recorded):
    camera, recording = recorded
    begin, end = whole(recording)
    query = {"from": text(begin), "to": text(end)}
    running = lambda: api.get("/exports")
    # A reader that takes little holds it open once what is between them is full.
    items = [
        {"camera": camera, "from": text(begin + timedelta(milliseconds=number)), "to": text(end)} for number in range(60)
    ]
    endings = (urllib3.exceptions.ProtocolError, requests.exceptions.RequestException)
    with api.session.post(f"{api.base}/exports", json={"items": items}, timeout=30, stream=True) as answer:
        answer.raw.read(1000)
        shown = await_value("the export is listed", 10, lambda: running() or None)
        assert shown[0]["total_bytes"] == int(answer.headers["Content-Length"]) > shown[0]["sent_bytes"]
        api.call("DELETE", f"/exports/{shown[0]['id']}", 204)
        # Cut short, and the reader is told so.
        with pytest.raises(endings):
            answer.raw.read()
    await_value("nothing is being exported", 10, lambda: not running())
    with api.session.post(f"{api.base}/exports", json={"items": items}, timeout=30, stream=True) as answer:
        answer.raw.read(1000)
        await_value("the export is listed", 10, lambda: running() or None)
    await_value("nothing is being exported", 10, lambda: not running())
    api.call("DELETE", "/exports/999999", 404)

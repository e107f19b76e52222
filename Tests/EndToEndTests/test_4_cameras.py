"""Cameras that go away, refuse, lie and misbehave; and those that speak something other than RTSP over TCP."""

import os
import re
import signal
import socket
import subprocess
import threading
import time
from datetime import datetime

import pytest

from account import adds_up
from evidence import assert_no_frame_lost, assert_playable_alone, gather, ranges_of
from moments import moment, rfc3339
from sources import Sources
from waiting import Stopwatch, await_value


@pytest.fixture(scope="module")
def sources(camera_simulator, tmp_path_factory):
    served = Sources(tmp_path_factory.mktemp("sources"), camera_simulator)
    yield served
    served.end()


def finish(home, api, camera):
    """Switches off, waits, and returns what is stored."""
    api.switch(camera, False)
    api.await_state(camera, "off", 10)
    return gather(home, camera)


def decodable(ranges) -> list[int]:
    """What a camera sent in one connection, from the first key frame on (every 25th frame of the clip is one)."""
    sent = [counter for first, last in ranges for counter in range(first, last + 1)]
    return sent[next((index for index, counter in enumerate(sent) if counter % 25 == 0), len(sent)) :]


def segments_of(api, camera):
    return api.get(f"/cameras/{camera}/segments")


def test_misbehaving_cameras_get_their_cause_and_disturb_no_other(home, api, camera_simulator, cameras):
    names = {
        "steady": "calm1",
        "refused": "unplugged1",
        "stalled": "stalls1",
        "unauthorized": "denies1",
        "not_found": "absent1",
    }
    odd = {"silent": "silent1", "garbage": "garbage1", "close": "closes1", "453": "full1", "503": "busy1"}
    steady = cameras("Steady", camera_simulator.url(names["steady"]))
    unplugged = cameras("Unplugged", camera_simulator.url(names["refused"], port=1))
    stalls = cameras("Stalls", camera_simulator.url(names["stalled"]))
    for camera in (steady, unplugged, stalls):
        api.await_state(camera, "recording", 15)

    camera_simulator.shut_port(1)
    camera_simulator.fault(names["stalled"], "stall")
    camera_simulator.fault(names["unauthorized"], "401")
    camera_simulator.fault(names["not_found"], "404")
    watch = Stopwatch()
    denies = cameras("Denies", camera_simulator.url(names["unauthorized"]))
    absent = cameras("Absent", camera_simulator.url(names["not_found"]))
    strange = {}
    for fault, name in odd.items():
        camera_simulator.fault(name, fault)
        strange[fault] = cameras(f"Odd {fault}", camera_simulator.url(name))
    seen = {}
    for cause, camera in (("refused", unplugged), ("unauthorized", denies), ("not_found", absent), ("stalled", stalls)):
        status = api.await_state(camera, "retrying", max(0.5, 15.5 - watch.seconds))
        seen[cause] = status["cause"]
        assert status["detail"], status
    assert seen == {cause: cause for cause in seen}, f"the causes told, by the right one: {seen}"
    for fault, camera in strange.items():
        status = api.await_state(camera, "retrying", max(0.5, 15.5 - watch.seconds))
        assert status["cause"], f"{fault}: no cause: {status}"

    camera_simulator.shut_port(1, shut=False)
    camera_simulator.fault(names["stalled"], "resume")
    back = Stopwatch()
    for camera in (unplugged, stalls):
        api.await_state(camera, "recording", max(0.2, 5.2 - back.seconds))
    camera_simulator.fault(names["unauthorized"], "resume")
    api.call("PATCH", f"/cameras/{denies}", 200, json={"username": "viewer", "password": "right now"})
    api.await_state(denies, "recording", 8)
    # Those that gave no answer are started anew, as people do: what was asked before will never be answered.
    for fault in ("silent", "garbage"):
        camera_simulator.fault(odd[fault], "close")
    for name in odd.values():
        camera_simulator.fault(name, "resume")
    back = Stopwatch()
    for camera in strange.values():
        api.await_state(camera, "recording", max(0.2, 6 - back.seconds))

    recording = finish(home, api, steady)
    assert len(camera_simulator.connections(names["steady"])) == 1
    assert_no_frame_lost(recording, camera_simulator, names["steady"])
    for name, camera in ((names["refused"], unplugged), (names["stalled"], stalls)):
        recording = finish(home, api, camera)
        counters = recording.counters
        assert len(set(counters)) == len(counters), f"{name}: frames are doubled"
        # Whatever a connection brought from its first key frame on is stored, but for the frame that a silence cut off.
        lost = [
            counter
            for connection in camera_simulator.connections(name)
            for counter in decodable(connection["ranges"])[:-1]
            if counter < counters[-1] and counter not in set(counters)
        ]
        assert not lost, f"{name}: {ranges_of(lost)} are missing of {camera_simulator.connections(name)}"
    gaps = home.rows("select cause, ended_at from gaps where camera_id in (%s, %s)", unplugged, stalls)
    assert {gap["cause"] for gap in gaps} >= {"refused", "stalled"} and all(gap["ended_at"] for gap in gaps), gaps
    for cause, camera in (("refused", unplugged), ("stalled", stalls)):
        timeline = api.get(f"/cameras/{camera}/timeline")
        assert not adds_up(timeline)
        assert cause in {gap["cause"] for gap in timeline["gaps"]}, timeline
        assert all(gap["to"] for gap in timeline["gaps"]) and not timeline["waiting"], timeline


def test_a_camera_that_refused_the_password_is_connected_at_once_when_asked(api, camera_simulator, cameras):
    name = "relents1"
    camera_simulator.fault(name, "401")
    camera = cameras("Relents", camera_simulator.url(name))
    api.await_state(camera, "retrying", 15, cause="unauthorized")
    camera_simulator.fault(name, "resume")
    assert api.call("POST", f"/cameras/{camera}/retry", 202).json()["id"] == camera
    # Alone, the recorder would wait for the rest of a minute.
    api.await_state(camera, "recording", 10)
    api.switch(camera, False)
    api.call("POST", f"/cameras/{camera}/retry", 409)


def test_a_changed_resolution_starts_a_new_segment_and_loses_no_frame(home, api, camera_simulator, cameras):
    name = "resizes1"
    camera = cameras("Resizes", camera_simulator.url(name))
    api.await_state(camera, "recording", 15)
    await_value("a segment is there", 20, lambda: segments_of(api, camera))
    camera_simulator.fault(name, "resize", clip="hd")
    await_value(
        "a segment of the new size is there",
        20,
        lambda: [row for row in segments_of(api, camera) if row["width"] == 1280],
        context=lambda: segments_of(api, camera)[-2:],
    )
    camera_simulator.await_frames(name, 4 * camera_simulator.fps, 10)
    recording = finish(home, api, camera)
    assert_no_frame_lost(recording, camera_simulator, name)
    sizes = home.rows("select width, height from segments where camera_id = %s order by started_at", camera)
    assert {(row["width"], row["height"]) for row in sizes} == {(640, 360), (1280, 720)}, sizes


class Trap:
    """A listener at an address that cameras may not be at, and whether anybody came."""

    def __init__(self):
        self.touched = threading.Event()
        self.listener = socket.create_server(("127.0.0.2", 0))
        self.address = f"127.0.0.2:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.wait_for_a_visitor, daemon=True).start()

    def wait_for_a_visitor(self):
        try:
            self.listener.accept()
            self.touched.set()
        except OSError:
            pass


@pytest.fixture
def trap():
    listener = Trap()
    yield listener
    listener.listener.close()


def test_a_redirect_is_not_followed_to_a_forbidden_address(api, camera_simulator, cameras, trap):
    camera_simulator.fault("redirects1", "redirect", location=f"rtsp://{trap.address}/cam")
    camera = cameras("Redirects", camera_simulator.url("redirects1"))
    status = api.await_state(camera, "retrying", 15)
    assert status["cause"], status
    assert camera_simulator.stats()["cameras"]["redirects1"]["describes"] >= 1
    assert not trap.touched.wait(2), "Observer followed the redirect to an address it may not open"


def test_a_playlist_leads_neither_to_files_nor_to_forbidden_addresses(api, cameras, sources, trap):
    added = {
        title: cameras(f"Hostile: {title}", address)
        for title, address in sources.add_hostile_playlists(f"http://{trap.address}").items()
    }
    watch = Stopwatch()
    for title, camera in added.items():
        status = api.await_state(camera, "retrying", max(0.5, 15.5 - watch.seconds))
        assert status["cause"], f"{title}: {status}"
        assert "root:" not in str(status), f"{title}: the file's text is in {status}"
    for title, camera in added.items():
        assert f"/hostile/{list(added).index(title)}.m3u8" in sources.asked, f"{title}: the playlist was never read"
        assert not segments_of(api, camera), f"{title}: something was recorded"
    assert "/hostile/segment.ts?followed" in sources.asked, "no playlist is followed at all: this test shows nothing"
    assert not trap.touched.wait(1), "Observer followed a playlist to an address it may not open"


def test_digest_and_basic_passwords_open_a_camera(api, camera_simulator, cameras, canary):
    for name in ("locked7", "basic7"):
        camera = cameras(f"Opens {name}", camera_simulator.url(name), username="viewer", password=canary)
        api.await_state(camera, "recording", 15)


def test_an_hls_stream_is_recorded_without_a_gap(home, api, camera_simulator, cameras, sources):
    await_value("the HLS source is ready", 20, (sources.folder / "live" / "index.m3u8").exists)
    camera = cameras("HLS", f"{sources.url}/live/index.m3u8")
    api.await_state(camera, "recording", 20)
    await_value("three segments are recorded", 30, lambda: len(segments_of(api, camera)) >= 3)
    recording = finish(home, api, camera)
    assert_no_frame_lost(recording, camera_simulator, "hlssource1")
    assert len(recording.counters) >= 4 * camera_simulator.fps


def test_nothing_of_a_playlist_that_stood_still_is_recorded_twice(home, api, cameras, sources):
    camera = cameras("HLS stalls", f"{sources.url}/stalls.m3u8")
    api.await_state(camera, "recording", 20)
    # It is given up after 30 s; the connections after that begin with what was recorded.
    await_value("the playlist is given up", 45, lambda: api.status(camera)["reconnects"] >= 1)
    api.await_state(camera, "recording", 20)
    await_value("the last segment is read", 20, lambda: f"/cut{sources.cuts - 1}.ts" in sources.asked)
    timeline = api.get(f"/cameras/{camera}/timeline", params={"from": rfc3339(time.time() - 60), "to": rfc3339(time.time() + 1)})
    counters = finish(home, api, camera).counters
    assert counters == sorted(set(counters)), f"doubled or in another order: {ranges_of(counters)}"
    assert any(gap["cause"] == "stalled" for gap in timeline["gaps"]), timeline


def test_an_mpegts_file_over_http_is_recorded_at_its_own_pace_from_its_first_frame(home, api, cameras, sources):
    begun = time.time()
    camera = cameras("TS file", f"{sources.url}/file.ts")
    await_value("the file was read twice", 40, lambda: api.status(camera)["reconnects"] >= 2)
    rows = finish(home, api, camera).rows
    spans = sorted((started_at(row), started_at(row) + row["duration_ms"] / 1000) for row in rows)
    assert spans[0][0] >= begun, f"recorded {begun - spans[0][0]} s before the camera was made"
    assert all(next[0] >= this[1] - 0.1 for this, next in zip(spans, spans[1:])), spans


def started_at(row) -> float:
    at = row["started_at"]
    return at.timestamp() if isinstance(at, datetime) else moment(at)


@pytest.mark.parametrize("path", ["camera.mjpeg", "lengthless.mjpeg", "large.mjpeg"])
def test_mjpeg_over_http_is_recorded_frame_by_frame(home, api, cameras, sources, path):
    camera = cameras("MJPEG", f"{sources.url}/{path}")
    api.await_state(camera, "recording", 20)
    await_value("three segments are recorded", 30, lambda: len(segments_of(api, camera)) >= 3)
    # A picture that came just before the switch is recorded, although nothing comes after it.
    sent = len(sources.mjpeg_sent)
    await_value("one more picture is sent", 5, lambda: len(sources.mjpeg_sent) > sent, every=0.03)
    last = sources.mjpeg_sent[sent]
    recording = finish(home, api, camera)
    counters = recording.counters
    assert counters[-1] >= last, f"{last - counters[-1]} pictures are missing at the end"
    assert counters == list(range(counters[0], counters[0] + len(counters))), f"lost or doubled: {ranges_of(counters)}"
    assert len(counters) >= 4 * sources.MJPEG_FPS
    # A camera that cannot send leaves out pictures.
    assert sources.mjpeg_lateness < 1, f"the camera was kept from sending for {sources.mjpeg_lateness:.2f} s"


@pytest.mark.parametrize("kind", ["rtsp", "mjpeg", "hls"])
def test_a_snapshot_shows_what_the_camera_saw_a_moment_ago(api, camera_simulator, cameras, sources, kind, tmp_path):
    addresses = {
        "rtsp": camera_simulator.url("looked"),
        "mjpeg": f"{sources.url}/camera.mjpeg",
        "hls": f"{sources.url}/live/index.m3u8",
    }
    await_value("the HLS source is ready", 20, (sources.folder / "live" / "index.m3u8").exists)
    camera = cameras(f"Looked {kind}", addresses[kind])
    api.await_state(camera, "recording", 20)

    def look():
        return api.call("GET", f"/cameras/{camera}/snapshot.jpg", None)

    await_value("the first snapshot is there", 5, lambda: look().status_code == 200)
    seen, took = set(), []
    for _ in range(3):
        # A key frame a second; an HLS source hands them out in pairs.
        time.sleep(2.1)
        watch = Stopwatch()
        answer = look()
        took.append(watch.seconds)
        seen.add(answer.headers["ETag"])
        (tmp_path / "picture.jpg").write_bytes(answer.content)
        probe = subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", tmp_path / "picture.jpg"],
            capture_output=True,
            text=True,
        )
        assert probe.stdout.strip() == "mjpeg" and not probe.stderr, probe
    assert len(seen) == 3, "the same picture again"
    # Just after a segment has left the spool, the next key frame is waited for.
    assert max(took) <= 2.0, took


def test_an_mp4_file_over_http_is_recorded_whole(home, api, cameras, sources, tmp_path):
    from clip import counters_in

    wanted = counters_in((sources.folder / "file.mp4").read_bytes())
    camera = cameras("File", f"{sources.url}/file.mp4")
    await_value(
        "the file's frames are recorded",
        40,
        lambda: (
            sum(row["bytes"] for row in segments_of(api, camera)) >= 0.9 * (sources.folder / "file.mp4").stat().st_size
        ),
        context=lambda: (api.status(camera), segments_of(api, camera)),
    )
    recording = finish(home, api, camera)
    first_run = recording.of_run(recording.rows[0]["run"])
    got = [counter for row in first_run for counter in counters_in(recording.objects[row["id"]])]
    assert got == wanted, f"the file has {ranges_of(wanted)}, the recording {ranges_of(got)}"
    assert_playable_alone(recording, tmp_path)


def udp_ports(pid: int) -> set[int]:
    """The local ports of a process's UDP sockets."""
    inodes = set()
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            inodes |= set(re.findall(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{descriptor}")))
        except FileNotFoundError:
            pass
    ports = set()
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        with open(table, encoding="ascii") as lines:
            for _, address, *rest in (line.split() for line in list(lines)[1:]):
                if rest[7] in inodes:
                    ports.add(int(address.rpartition(":")[2], 16))
    return ports


def test_the_demo_camera_is_recorded_over_udp(home, api, cameras, tmp_path):
    demo = next(camera for camera in api.get("/cameras/") if camera["url"].startswith("rtsp://127.0.0.1"))
    before = udp_ports(home.pid("capture"))
    camera = cameras("Demo over UDP", demo["url"], transport="udp")
    status = api.await_state(camera, "recording", 20)
    assert status["video"]["codec"] == "h264", status
    added = udp_ports(home.pid("capture")) - before
    # RTP and RTCP of one track (RFC 3550, 11: an even port and the next).
    assert len(added) == 2 and max(added) == min(added) + 1, f"UDP ports that the recorder opened: {added}"
    await_value("three segments are recorded", 30, lambda: len(segments_of(api, camera)) >= 3)
    recording = finish(home, api, camera)
    assert_playable_alone(recording, tmp_path)
    left = udp_ports(home.pid("capture")) & added
    assert not left, f"still open: {left}"


def test_a_camera_that_knows_only_tcp_is_not_recorded_over_udp(api, camera_simulator, cameras):
    name = "tcponly1"
    camera = cameras("Only TCP", camera_simulator.url(name), transport="udp")
    status = api.await_state(camera, "retrying", 15)
    assert status["cause"] == "bad_stream" and status["detail"], status
    assert not camera_simulator.connections(name), "it was recorded over TCP"
    api.call("PATCH", f"/cameras/{camera}", 200, json={"transport": "tcp"})
    api.await_state(camera, "recording", 8)


def test_audio_is_recorded_when_asked_for_and_not_otherwise(home, api, cameras):
    demo = next(camera for camera in api.get("/cameras/") if camera["url"].startswith("rtsp://127.0.0.1"))
    for audio, wanted in (("off", False), ("copy", True)):
        camera = cameras(f"Audio {audio}", demo["url"], audio=audio)
        rows = await_value("a segment is recorded", 30, lambda: segments_of(api, camera))
        assert rows[0]["has_audio"] is wanted, rows[0]
        assert ("mp4a" in rows[0]["codecs"]) is wanted, rows[0]
        api.switch(camera, False)


def media_processes(home) -> list[int]:
    """The processes of `observer-media` that the recorder has at present."""
    recorder = home.pid("capture")
    found = subprocess.run(["pgrep", "-P", str(recorder), "observer-media"], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def test_a_camera_that_breaks_its_library_is_left_alone_after_the_third_time_and_disturbs_no_other(
    home, api, camera_simulator, cameras, sources
):
    name = "beside1"
    beside = cameras("Beside", camera_simulator.url(name))
    camera = cameras("Breaks", f"{sources.url}/camera.mjpeg")
    api.await_state(beside, "recording", 15)
    for number in (1, 2, 3):
        api.await_state(camera, "recording", 20)
        for process in media_processes(home):
            os.kill(process, signal.SIGSEGV)
        api.await_state(camera, "retrying", 10, cause="bad_stream")
    status = await_value(
        "the quarantine is told", 10, lambda: "three times" in (text := api.status(camera)["detail"]) and text
    )
    assert "signal 11" in status and "retry" in status, status
    opened = sources.mjpeg_connections
    assert await_value("nothing is opened", 10, lambda: sources.mjpeg_connections == opened)
    api.call("POST", f"/cameras/{camera}/retry", 202)
    api.await_state(camera, "recording", 15)
    api.switch(camera, False)
    recording = finish(home, api, beside)
    (connection,) = camera_simulator.connections(name)
    assert_no_frame_lost(recording, camera_simulator, name, from_counter=connection["ranges"][0][0])

"""Playback of recordings: the frame of any moment, over gaps, trouble and changes of format, in Chromium and in Firefox; and
several cameras in step. Recordings are made up while they are read (`recordings.py`), and each frame shows its number."""

import random
import struct

import pytest
from camera_simulator import CameraSimulator
from clip import counters_in
from firefox import Firefox
from moments import moment, rfc3339
from playwright.sync_api import Page, expect
from recordings import FPS, LOOP, ZERO, Recordings, tone
from browsing import sign_in

from waiting import await_value

MILLISECONDS = ZERO * 1000
SEEK = """async (at) => {
  player.seek(at);
  const right = () => Math.floor((player.time - ZERO) / STEP) % LOOP;
  const took = await until(() => (player.position !== null && !video.seeking && video.readyState >= 2 && shown() === right()) || player.gap);
  return { took, number: shown(), at: player.time, state: player.state, text: player.text };
}"""
SEEK = SEEK.replace("ZERO", str(ZERO * 1000)).replace("STEP", str(1000 // FPS)).replace("LOOP", str(LOOP))
READY = "() => new Promise((done) => { const look = () => (window.isReady ? done(true) : setTimeout(look, 20)); look(); })"


def number_at(milliseconds: float) -> int:
    """The number that is painted into the frame of a moment."""
    return int((milliseconds - MILLISECONDS) // (1000 // FPS)) % LOOP


@pytest.fixture(scope="module")
def recordings(artifacts):
    server = Recordings(artifacts.parent / "e2e-clips")
    sound = tone(server.folder)
    # 1: a gap of a minute, then another size.
    for start in range(1000, 1200, 10):
        server.add(1, start, 10)
    server.gaps[1] = [{"from": rfc3339(ZERO + 1200), "to": rfc3339(ZERO + 1260), "cause": "unreachable", "detail": None}]
    for start in range(1260, 1360, 10):
        server.add(1, start, 10, clip=server.clip(1280, 720, "high") if start >= 1310 else None)
    # 2: each recording of another format; sound that ends, and none.
    formats = [{}, {"clip": server.clip(1280, 720, "high")}, {"sound": sound, "sound_seconds": 2}, {}]
    for index, options in enumerate([*formats, {"clip": server.clip(640, 360, "baseline"), "sound": sound, "sound_seconds": 5}]):
        server.add(2, 1000 + 5 * index, 5, **options)
    # 3: all that can go wrong.
    server.add(3, 1000, 5)
    server.add(3, 1005, 5, trouble=404)
    server.add(3, 1010, 5, damaged_from=2)
    server.add(3, 1015, 5)
    server.add(3, 1020, 5, state="lost")
    server.add(3, 1025, 5)
    server.add(3, 1030, 5, state="expired")
    server.add(3, 1035, 5, codecs="hvc1.1.6.L93.B0")
    server.add(3, 1040, 5)
    # 4: five minutes of 20 Mbit/s in one file.
    server.add(4, 5000, 300, fragment_bytes=2_500_000)
    # 11 to 19: nine in step; one has a gap, and one a clock that was put back by two seconds.
    for camera in range(11, 20):
        for start in range(2000, 2060, 5):
            if (camera, start) != (13, 2010):
                server.add(camera, start - (2 if camera == 15 and start > 2010 else 0), 5)
    server.gaps[13] = [{"from": rfc3339(ZERO + 2010), "to": rfc3339(ZERO + 2015), "cause": "unreachable", "detail": "no route"}]
    yield server
    server.end()


@pytest.fixture
def page(chromium, recordings):
    complaints = []
    tab = chromium.new_page(viewport={"width": 1280, "height": 900})
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(recordings.url)
    tab.evaluate(READY)
    yield tab
    tab.close()
    assert not complaints, complaints


def seek(page: Page, seconds: float) -> dict:
    return page.evaluate(SEEK, MILLISECONDS + round(seconds * 1000))


def assert_right(shown: dict, seconds: float) -> None:
    wanted = MILLISECONDS + round(seconds * 1000)
    assert shown["number"] == number_at(wanted), (shown, number_at(wanted))
    # The time that is told is one of that frame's own milliseconds, so that a link to it leads to it.
    assert number_at(shown["at"]) == shown["number"] and abs(shown["at"] - wanted) <= 40, shown


def test_any_moment_shows_its_frame_within_a_second(page):
    page.evaluate("start(1)")
    chance = random.Random(11)
    taken = []
    for _ in range(20):
        second = chance.choice([chance.uniform(1000, 1200), chance.uniform(1260, 1360)])
        shown = seek(page, second)
        assert_right(shown, second)
        taken.append(shown["took"])
    taken.sort()
    print(f"first frame: median {taken[10]:.0f} ms, worst {taken[-1]:.0f} ms")
    # The second is that of a quiet machine.
    assert taken[10] <= 1500 and taken[-1] <= 6000, taken


def test_seeking_back_and_forth_never_hangs(page):
    page.evaluate("start(1); player.play()")
    for turn in range(20):
        second = (1005 if turn % 2 else 1340) + turn * 0.52
        shown = seek(page, second)
        assert shown["state"] == "playing" and 0 <= shown["at"] - MILLISECONDS - second * 1000 < 1500, shown
    # A hand that pulls along the timeline: the last moment counts.
    page.evaluate("(from) => { for (let step = 0; step < 40; step += 1) player.seek(from + step * 4000); }", MILLISECONDS + 1000_000)
    page.evaluate("player.pause()")
    page.evaluate("() => until(() => player.position !== null && !video.seeking && video.readyState >= 2)")
    assert number_at(page.evaluate("player.time")) == page.evaluate("shown()")
    assert page.evaluate("player.time") - MILLISECONDS >= 1156_000


def test_a_gap_is_marked_with_its_cause_and_played_over(page):
    page.evaluate("start(1)")
    shown = seek(page, 1230)
    assert shown["state"] == "gap" and shown["text"].endswith("unreachable."), shown
    assert "1 min" in shown["text"], shown
    seek(page, 1198)
    page.evaluate("player.play()")
    page.evaluate("(at) => until(() => player.time > at, 9000)", MILLISECONDS + 1261_000)
    states = page.evaluate("states")
    gap = next(state for state in reversed(states) if state["state"] == "gap")
    assert (gap["gap"]["from"], gap["gap"]["to"]) == (MILLISECONDS + 1200_000, MILLISECONDS + 1260_000), gap
    assert page.evaluate("player.state") == "playing"


def test_a_step_is_one_frame_both_ways_and_over_a_gap(page):
    page.evaluate("start(1)")
    shown = seek(page, 1010)
    for step in [1, 1, 1, -1, -1, -1, -1, -1, -1]:
        before = shown["number"]
        shown = page.evaluate("async (step) => { await player.step(step); return { number: shown(), at: player.time }; }", step)
        assert shown["number"] == (before + step) % LOOP == number_at(shown["at"]), (step, before, shown)
    seek(page, 1199.97)
    page.evaluate("player.step(1)")
    assert page.evaluate("[shown(), player.time]") == [number_at(MILLISECONDS + 1260_000), MILLISECONDS + 1260_001]
    page.evaluate("player.step(-1)")
    assert page.evaluate("shown()") == number_at(MILLISECONDS + 1199_970)


@pytest.mark.parametrize("rate", [0.25, 2, 4, 16])
def test_speeds_are_kept(page, rate):
    page.evaluate("start(1)")
    seek(page, 1000)
    page.evaluate("(rate) => { player.rate = rate; player.play(); }", rate)
    measured = page.evaluate(
        """async () => {
          await until(() => player.state === "playing" && video.currentTime > 0);
          await new Promise((done) => setTimeout(done, 400));
          const [at, from] = [player.time, performance.now()];
          await new Promise((done) => setTimeout(done, 1500));
          return (player.time - at) / (performance.now() - from);
        }"""
    )
    assert 0.85 * rate < measured < 1.15 * rate, measured
    assert page.evaluate("player.showsKeyFramesOnly") == (rate == 16)


def test_formats_change_and_sound_ends_while_it_plays(page):
    page.evaluate("start(2)")
    seek(page, 1003)
    page.evaluate("player.hasSound = true; player.rate = 4; player.play()")
    sizes = set()
    for second in range(1004, 1024):
        page.evaluate("(at) => until(() => player.time >= at)", MILLISECONDS + second * 1000)
        sizes.add(page.evaluate("video.videoWidth"))
    assert sizes == {640, 1280}
    assert [state["state"] for state in page.evaluate("states")].count("gap") == 0, page.evaluate("states")


def test_what_cannot_be_played_is_skipped_and_said(page):
    page.evaluate("start(3)")
    for second, words in {
        1007: "still on another machine",
        1013: "damaged",
        1022: "is lost: its bytes are gone",
        1032: "deleted when its time was over",
    }.items():
        shown = seek(page, second)
        assert shown["state"] == "gap" and words in shown["text"], (second, shown)
    shown = seek(page, 1037)
    assert shown["state"] == "unsupported" and "H.265" in shown["text"] and "Save" in shown["text"], shown
    shown = seek(page, 990)
    assert shown["state"] == "gap" and "before" in shown["text"], shown
    shown = seek(page, 1044.5)
    assert_right(shown, 1044.5)
    seek(page, 1004)
    page.evaluate("player.rate = 4; player.play()")
    page.evaluate("(at) => until(() => player.time >= at, 15000)", MILLISECONDS + 1042_000)


def test_five_minutes_of_20_mbit_in_one_file_stay_within_a_budget(page, recordings):
    page.evaluate("start(4)")
    recordings.sent.clear()
    for second in [5250.5, 5010.1, 5299.3, 5251.1]:
        shown = seek(page, second)
        assert_right(shown, second)
        assert shown["took"] < 6000, shown
    seek(page, 5100)
    page.evaluate("player.play()")
    page.wait_for_timeout(4000)
    held, playing = page.evaluate(
        """() => {
            const ranges = [...Array(video.buffered.length).keys()].map((index) => [video.buffered.start(index), video.buffered.end(index)]);
            const [, end] = ranges.find(([from, to]) => from <= video.currentTime && video.currentTime <= to);
            return [end - video.currentTime, player.state];
        }"""
    )
    assert playing == "playing" and held < 45, (held, playing)
    assert sum(end - begin for _, begin, end in recordings.sent) < 600e6


def test_nine_cameras_in_step(chromium, recordings, artifacts):
    tab = chromium.new_page(viewport={"width": 1280, "height": 900})
    cameras = "&".join(f"camera={camera}" for camera in range(11, 20))
    tab.goto(f"{recordings.url}/together?{cameras}&at={rfc3339(ZERO + 2007)}")
    tab.wait_for_function("document.querySelector('[data-together]')?.together?.tiles.every((tile) => tile.position !== null)")
    tab.evaluate("window.all = document.querySelector('[data-together]').together")
    tab.wait_for_timeout(1500)
    tab.evaluate("all.measureAnew()")
    tab.wait_for_function(f"all.time > {MILLISECONDS + 2012_000}")
    said = tab.locator(".tile").nth(2).locator("[data-state]")
    expect(said).to_have_text("Nothing for 5 s from 14:46:50: unreachable: no route.".replace("14:46:50", clock(ZERO + 2010)))
    tab.screenshot(path=artifacts / "together-gap.png")
    tab.wait_for_function(f"all.time > {MILLISECONDS + 2016_500}")
    expect(said).to_be_hidden()
    spread = tab.evaluate("all.spread")
    print(f"nine in step: 95 % within {spread:.0f} ms")
    positions = tab.evaluate("all.tiles.map((tile) => tile.position - all.time)")
    # 100 ms on a machine of its own; nine decoders share this one with everything else.
    assert spread <= 250 and all(abs(position) < 1000 for position in positions), (spread, positions)
    tab.close()


def clock(second: float) -> str:
    return rfc3339(second)[11:19]


def test_firefox_plays_too(recordings, artifacts):
    browser = Firefox(artifacts / "firefox")
    try:
        browser.goto(recordings.url)
        browser.evaluate(READY)
        browser.evaluate("() => { start(1); }")
        for second in [1005.5, 1310.7, 1068.4, 1328.06]:
            shown = browser.evaluate(SEEK, MILLISECONDS + round(second * 1000))
            assert_right(shown, second)
            assert shown["took"] < 6000, shown
        step = "async (step) => { await player.step(step); return shown(); }"
        assert [(browser.evaluate(step, way) - shown["number"]) % LOOP for way in (1, 1, -1, -1, -1)] == [1, 2, 1, 0, LOOP - 1]
        browser.evaluate("() => { player.rate = 2; player.play(); }")
        browser.evaluate(SEEK, MILLISECONDS + 1198_000)
        browser.evaluate("(at) => until(() => player.time > at, 9000)", MILLISECONDS + 1261_000)
        assert "gap" in browser.evaluate("() => states.map((state) => state.state)")
        shown = browser.evaluate("() => { start(4); return null; }") or browser.evaluate(SEEK, MILLISECONDS + 5200_000)
        assert_right(shown, 5200)
    finally:
        browser.end()


@pytest.fixture(scope="module")
def painted_cameras(artifacts, canary):
    simulator = CameraSimulator(artifacts / "painted.log", canary, clips=("painted=640x360@25,500k,g25,painted",))
    yield simulator
    simulator.end()


def frames_of(data: bytes) -> list[tuple[float, int]]:
    """Each frame of a recording: when it was, in milliseconds since 1970, and the number that is painted into it."""
    frames, at, wall, moof = [], 0, 0.0, 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind == b"prft":
            seconds, fraction = struct.unpack(">II", data[at + 16 : at + 24])
            wall = (seconds - 2_208_988_800) * 1000 + fraction / 2**32 * 1000
        elif kind == b"moof":
            moof = at
        elif kind == b"mdat":
            run = data.index(b"trun", moof)
            flags, count = struct.unpack(">II", data[run + 4 : run + 12])
            width = 4 * bin(flags & 0xF00).count("1")
            for index, counter in enumerate(counters_in(data[at : at + size])):
                frames.append((wall, counter % LOOP))
                wall += struct.unpack(">I", data[run + 16 + width * index : run + 20 + width * index])[0] / 90
            assert index + 1 == count
        at += size
    return frames


PAINTED = """() => {
  const video = document.querySelector("[data-stage] video");
  if (!video || video.seeking || video.readyState < 2) return null;
  const canvas = Object.assign(document.createElement("canvas"), { width: 256, height: 32 });
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 256, 32, 0, 0, 256, 32);
  return [0, 1, 2, 3, 4, 5, 6, 7].reduce((sum, bit) => sum | (context.getImageData(bit * 32 + 16, 16, 1, 1).data[0] > 128) << bit, 0);
}"""


def await_number(tab: Page, number: int) -> None:
    await_value(f"the frame with the number {number} is shown", 15, lambda: tab.evaluate(PAINTED) == number, context=lambda: tab.evaluate(PAINTED))


def test_a_link_to_a_moment_opens_its_frame_on_the_camera_s_page(home, api, cameras, painted_cameras, chromium, artifacts):
    camera = cameras("Painted", painted_cameras.url("painted/cam"))
    segment = await_value(
        "two recordings are stored",
        40,
        lambda: [row for row in api.get(f"/cameras/{camera}/segments") if row["state"] == "stored"][1:2],
    )[0]
    frames = frames_of(api.call("GET", f"/segments/{segment['id']}.mp4").content)
    at, number = frames[len(frames) // 2]
    assert abs(frames[0][0] - moment(segment["started_at"]) * 1000) < 2
    context = chromium.new_context(base_url=home.url, viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    sign_in(tab, home)
    link = f"/api/v1/controller/cameras/{camera}?at={rfc3339((at + 20) / 1000)}"
    tab.goto(link)
    await_number(tab, number)
    tab.locator("[data-stage]").focus()
    tab.keyboard.press(".")
    await_number(tab, (number + 1) % LOOP)
    await_value("the address follows", 5, lambda: not tab.url.endswith(link))
    # The address of the frame that is shown leads to that frame.
    tab.reload()
    await_number(tab, (number + 1) % LOOP)
    assert "snapshot.jpg?at=" in tab.locator("[data-snapshot]").get_attribute("href")
    tab.keyboard.press("Tab")
    tab.locator("[data-stage]").press("k")
    expect(tab.locator("[data-act=play] [data-word]")).to_have_text("Pause")
    tab.locator("[data-stage]").press(" ")
    expect(tab.locator("[data-act=play] [data-word]")).to_have_text("Play")
    for name, width in {"phone": 320, "desk": 1280, "wall": 2560}.items():
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        tab.screenshot(path=artifacts / f"camera-moment-{name}.png")
    together = f"/api/v1/controller/together?camera={camera}&at={rfc3339(at / 1000)}"
    tab.goto(together)
    together_there = "() => document.querySelector('[data-together]')?.together?.tiles[0].position ?? null"
    await_value("the camera plays among others", 15, lambda: tab.evaluate(together_there))
    plain = chromium.new_context(base_url=home.url, java_script_enabled=False, storage_state=context.storage_state())
    bare = plain.new_page()
    bare.goto(link)
    assert bare.locator("video").get_attribute("data-segment") == segment["id"]
    bare.goto(together)
    expect(bare.get_by_role("link", name="Painted")).to_be_visible()
    plain.close()
    context.close()

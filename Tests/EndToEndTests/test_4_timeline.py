"""The timeline of a camera in Chromium, in several zones: zoom, keys, selection, words, and days in the viewer's zone."""

import re
import time

import pytest
from playwright.sync_api import expect

from browsing import sign_in
from waiting import await_value

DAY = 86_400
SEGMENTS = """
with made as (
    select at, overlay(gen_random_uuid()::text placing left(segment_id_at(at)::text, 13) from 1)::uuid as id, turn
    from generate_series(0, %(count)s - 1) turn cross join lateral (select to_timestamp(%(start)s + turn * 10) as at) moment
    where turn %% 360 not between 120 and 125 and turn <> 400
), written as (
    insert into segments (id, camera_id, stream, epoch, run, sequence, spool_id, recorder, started_at, duration_ms, bytes, sha256,
        init_bytes, init_sha256, media_start_90k, media_duration_90k, frames, codecs, width, height, has_audio, end_reason,
        object_key, state, stored_at)
    select id, %(camera)s, 0, 1, gen_random_uuid(), turn, gen_random_uuid(), 'node-a', at, 10000, 2500000, sha256('x'), 800,
        sha256('x'), 0, 900000, 250, 'avc1.64001f', 640, 360, false, 'duration', concat('observer/', id), 'stored', at
    from made returning started_at, duration_ms, bytes
)
insert into camera_hours (camera_id, stream, hour, covered_ms, bytes, segments, covered, counted_ms)
select %(camera)s, 0, hour, sum(duration_ms), sum(bytes), count(*), range_agg(segment_cover(started_at, duration_ms, hour)),
    sum(duration_ms)
from written cross join lateral (select date_trunc('hour', started_at, 'UTC') as hour) h group by hour returning hour
"""
GAPS = """
insert into gaps (camera_id, stream, epoch, started_at, ended_at, cause, detail)
select %(camera)s, 0, 1, at, at + interval '60 s', 'stalled', 'nothing for 5 s'
from generate_series(0, %(count)s / 360 - 1) hour
cross join lateral (select to_timestamp(%(start)s + hour * 3600 + 1200) as at) moment returning id
"""


@pytest.fixture(scope="module")
def recorded(home, api):
    """A camera that is off now, and was recorded for two days until an hour ago: a gap in each hour, and ten seconds unexplained."""
    camera = api.add_camera("Timeline", "rtsp://127.0.0.1:9/none", on=False)["id"]
    start = (int(time.time()) // 3600 - 49) * 3600
    values = {"camera": camera, "start": start, "count": 2 * DAY // 10}
    home.rows("update cameras set created_at = to_timestamp(%s) where id = %s returning id", start - 60, camera)
    for at, on in ((start, True), (start + 2 * DAY, False)):
        home.rows(
            "insert into camera_switches (camera_id, at, is_active, actor) values (%s, to_timestamp(%s), %s, 'user:test') returning at",
            camera, at, on,
        )
    connection_rows(home, SEGMENTS, values)
    connection_rows(home, GAPS, values)
    yield {"id": camera, "start": start, "end": start + 2 * DAY}
    api.call("DELETE", f"/cameras/{camera}", 204)


def connection_rows(home, statement: str, values: dict) -> None:
    import psycopg2

    connection = psycopg2.connect(home.environment()["OBSERVER_DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
    connection.close()


def text(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def open_timeline(page, home, recorded):
    sign_in(page, home)
    page.goto(f"/api/v1/controller/cameras/{recorded['id']}")
    timeline = page.locator("observer-timeline")
    timeline.locator(".timeline-track").wait_for()
    timeline.evaluate("(element, [from, to]) => element.show(from, to)", [recorded["start"] * 1000, recorded["end"] * 1000])
    return timeline


def test_the_answer_adds_up_at_every_length_and_is_small(api, recorded):
    for seconds in (10, 600, 3600, 4 * 3600, DAY, 2 * DAY, 31 * DAY):
        end = recorded["end"]
        answer = api.call("GET", f"/cameras/{recorded['id']}/timeline?from={text(end - seconds)}&to={text(end)}", 200)
        sums = answer.json()["sums"]
        assert sums["wanted_ms"] == sums["covered_ms"] + sums["gaps_ms"] + sums["unexplained_ms"] == min(seconds, 2 * DAY) * 1000
        assert len(answer.content) <= 30_000
    assert sums["gaps_ms"] == 48 * 60_000 and sums["unexplained_ms"] == 10_000


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata"])
def test_zoom_keys_selection_and_words(new_page, home, recorded, artifacts, zone):
    page = new_page(timezone_id=zone)
    timeline = open_timeline(page, home, recorded)
    track, words = timeline.locator(".timeline-track"), timeline.locator(".timeline-text")
    expect(words).to_contain_text("Stream went silent (48 min)")
    expect(words).to_contain_text("reason unknown (10 s)")
    page.evaluate(
        "() => { window.told = []; for (const name of ['seek', 'view', 'select']) "
        "document.addEventListener(name, (event) => window.told.push([name, event.detail])); }"
    )

    def view() -> dict:
        return timeline.evaluate("(element) => element.view")

    # The wheel zooms around the pointer, down to ten seconds and not further.
    box = track.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 40)
    page.mouse.wheel(0, -400)
    near = view()
    assert near["to"] - near["from"] < 2 * DAY * 1000 * 0.7
    assert near["from"] < (recorded["start"] + DAY / 2) * 1000 < near["to"]
    track.focus()
    for _ in range(20):
        page.keyboard.press("+")
    assert abs(view()["to"] - view()["from"] - 10_000) <= 2
    for _ in range(25):
        page.keyboard.press("-")
    assert view()["to"] - view()["from"] == 31 * DAY * 1000
    timeline.evaluate("(element, [from, to]) => element.show(from, to)", [recorded["start"] * 1000, (recorded["start"] + 7200) * 1000])
    expect(words).to_contain_text("3 gaps: Stream went silent (2 min), reason unknown (10 s)")

    # The play head goes by keys, to gaps too, and its words are those of the moment.
    timeline.evaluate("(element, at) => { element.cursor = at; }", (recorded["start"] + 600) * 1000)
    expect(track).to_have_attribute("aria-valuetext", re.compile("Recorded"))
    page.keyboard.press("n")
    expect(track).to_have_attribute("aria-valuetext", re.compile("Stream went silent: nothing for 5 s"))
    assert timeline.evaluate("(element) => element.cursor") == (recorded["start"] + 1200) * 1000
    expect(timeline.locator(".timeline-tip")).to_contain_text("UTC")
    page.keyboard.press("Escape")
    expect(timeline.locator(".timeline-tip")).to_be_hidden()
    page.keyboard.press("[")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("]")
    page.keyboard.press("Enter")
    selection = timeline.evaluate("(element) => element.selection")
    assert selection["from"] == (recorded["start"] + 1200) * 1000 and selection["to"] == selection["from"] + 3 * 72_000
    told = page.evaluate("() => window.told")
    assert ["seek", {"at": selection["to"]}] in told and ["select", selection] in told
    await_value("the view is told", 5, lambda: page.evaluate("() => window.told.some(([name]) => name === 'view')"))
    page.screenshot(path=artifacts / f"timeline-{zone.replace('/', '-')}.png", full_page=True)

    # A click seeks there, a drag moves the view.
    page.mouse.click(box["x"] + box["width"] / 2, track.bounding_box()["y"] + 40)
    assert abs(timeline.evaluate("(element) => element.cursor") - (recorded["start"] + 3600) * 1000) < 20_000
    before, place = view(), track.bounding_box()
    page.mouse.move(place["x"] + 600, place["y"] + 40)
    page.mouse.down()
    page.mouse.move(place["x"] + 300, place["y"] + 40, steps=4)
    page.mouse.up()
    assert view()["from"] > before["from"] and abs(view()["to"] - view()["from"] - 7_200_000) <= 2


def test_days_and_times_are_those_of_the_viewer(new_page, home, recorded):
    page = new_page(timezone_id="Asia/Kolkata")
    sign_in(page, home)
    day = time.strftime("%Y-%m-%d", time.gmtime(recorded["start"] + DAY + 19_800))
    page.goto(f"/api/v1/controller/cameras/{recorded['id']}?day={day}")
    expect(page.locator(".timeline-hours caption")).to_have_text(re.compile("Hours of the day, Asia/(Kolkata|Calcutta)"))
    hours = page.locator(".timeline-hours time")
    first = hours.first.get_attribute("datetime")
    assert first.endswith("T18:30:00.000Z") and hours.count() == 24
    saved = page.locator(".segments a[download]").first.get_attribute("href")
    assert "/export.mp4?from=" in saved
    # No time is a stop of the tab key, and each has UTC in its title.
    assert page.locator("time[tabindex]").count() == 0 and page.locator("[role=text]").count() == 0
    expect(page.locator("time.when").first).to_have_attribute("title", re.compile(r"UTC\+5:30 \(.* UTC\)"))

    # The account's choice counts before that of the browser; a wrong name comes back.
    page.goto("/api/v1/controller/account")
    page.get_by_label("Time zone").fill("Mars/Olympus")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#zone-error")).to_be_visible()
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_role("button", name="Save").click()
    try:
        expect(page.locator("#zone-hint")).to_contain_text("Europe/Berlin")
        page.goto(f"/api/v1/controller/cameras/{recorded['id']}?day=2026-10-25")
        expect(page.locator(".timeline-hours tbody tr")).to_have_count(25)
        page.goto(f"/api/v1/controller/cameras/{recorded['id']}?day=2026-03-29")
        expect(page.locator(".timeline-hours tbody tr")).to_have_count(23)
    finally:
        page.goto("/api/v1/controller/account")
        page.get_by_label("Time zone").fill("")
        page.get_by_role("button", name="Save").click()


def test_without_script_and_cookie_utc_is_named(new_page, home, recorded):
    page = new_page(java_script_enabled=False, timezone_id="Asia/Kolkata")
    sign_in(page, home)
    day = time.strftime("%Y-%m-%d", time.gmtime(recorded["start"] + DAY))
    page.goto(f"/api/v1/controller/cameras/{recorded['id']}?day={day}")
    page.locator(".timeline-day summary").click()
    expect(page.locator(".timeline-summary")).to_contain_text("Times are UTC")
    expect(page.locator(".timeline-missing tbody tr")).to_have_count(24)
    expect(page.locator(".timeline-missing tbody tr").first).to_contain_text("Stream went silent")

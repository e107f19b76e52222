"""Pages that stand open: what they cost, how soon they know, what they say when nobody answers, and the wall."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from browsing import sign_in
from crowd import Crowd
from waiting import Stopwatch, await_value

PAGES = "/api/v1/controller"
# In the product's words: at most 2 kB a second for a hundred cameras, and a state within about four seconds.
MOST_BYTES = 2000
FRESH_SECONDS = 4.0
MEASURED_SECONDS = 15


@pytest.fixture(scope="module")
def hundred(home):
    """A hundred cameras, most of which record."""
    crowd = Crowd(home, 100, "Hundred", states=[("recording", None)] * 24 + [("retrying", "unreachable")])
    crowd.pictures()
    yield crowd
    crowd.remove()


class Traffic:
    """All bytes of a page's requests and answers, both ways, with their headers, as the browser's network log has them."""

    def __init__(self, page: Page):
        self.sent = self.received = self.count = 0
        self.kinds: dict[str, int] = {}
        self.addresses: dict[str, str] = {}
        client = page.context.new_cdp_session(page)
        client.on("Network.requestWillBeSent", self.asked)
        client.on("Network.requestWillBeSentExtraInfo", self.headers)
        client.on("Network.loadingFinished", self.finished)
        client.send("Network.enable")

    def asked(self, event: dict) -> None:
        self.addresses[event["requestId"]] = re.sub(r"\d+", "N", event["request"]["url"].split("?")[0].split("/api/v1")[-1])
        self.sent += len(event["request"]["method"] + event["request"]["url"]) + len(event["request"].get("postData", ""))

    def headers(self, event: dict) -> None:
        self.sent += sum(len(name) + len(value) + 4 for name, value in event["headers"].items())

    def finished(self, event: dict) -> None:
        self.count += 1
        self.received += event["encodedDataLength"]
        address = self.addresses.get(event["requestId"], "?")
        self.kinds[address] = self.kinds.get(address, 0) + int(event["encodedDataLength"])

    @property
    def bytes(self) -> int:
        return int(self.sent + self.received)


def test_an_open_list_of_a_hundred_cameras_costs_two_kilobytes_a_second(new_page, session, home, api, hundred, artifacts):
    demo = next(camera["id"] for camera in api.get("/cameras/") if camera["name"] == "Demo camera")
    picture = api.call("GET", f"/cameras/{demo}/snapshot.jpg", 200).content
    hundred.pictures(picture)
    page = new_page(storage_state=session)
    page.goto(f"{PAGES}/?tag=Hundred")
    page.wait_for_load_state("networkidle")
    traffic, watch = Traffic(page), Stopwatch()
    while watch.seconds < MEASURED_SECONDS:
        hundred.stir()
        # Each has a new one in the time in which it would have had one.
        if 5 < watch.seconds < 6.5:
            hundred.pictures(picture)
        page.wait_for_timeout(1000)
    rate = traffic.bytes / watch.seconds
    said = f"{rate:.0f} bytes a second, {traffic.count} answers, sent {traffic.sent}, received {traffic.received}: {traffic.kinds}"
    (artifacts / "poll.txt").write_text(said + "\n")
    assert traffic.count >= MEASURED_SECONDS / 5, said
    assert rate <= MOST_BYTES, said


def test_what_has_not_changed_is_said_in_a_few_bytes_and_the_rest_is_compressed(home, api, hundred):
    address, token = f"{home.api}/cameras/states", {"Authorization": f"Bearer {home.token()}"}
    first = requests.get(address, params={"tag": "Hundred"}, headers=token, timeout=10)
    assert first.headers["content-encoding"] == "gzip" and len(first.json()["cameras"]) == 100

    def is_same() -> bool:
        # Cameras of other tests go on meanwhile.
        tag = requests.get(address, params={"tag": "Hundred"}, headers=token, timeout=10).headers["etag"]
        again = requests.get(address, params={"tag": "Hundred"}, headers=token | {"If-None-Match": tag}, timeout=10)
        return again.status_code == 304 and not again.content

    await_value("an answer is the same", 10, is_same)
    page = requests.get(f"{home.api}/controller/sign-in", timeout=10)
    assert "content-encoding" not in page.headers, "a page with a token is compressed"


def test_a_state_is_shown_within_four_seconds_and_cameras_come_and_go(new_page, session, home, api, hundred):
    page = new_page(storage_state=session)
    hundred.set(hundred.ids[9], "recording")
    page.goto(f"{PAGES}/?q=Hundred+1")
    row = page.locator(f"tr[data-camera='{hundred.ids[9]}']")
    expect(row.locator("[data-live=word]")).to_have_text("Recording")
    for state, cause, word in (("retrying", "unauthorized", "Wrong user or password"), ("recording", None, "Recording")):
        watch = Stopwatch()
        hundred.set(hundred.ids[9], state, cause)
        expect(row.locator(".state")).to_contain_text(word, timeout=10_000)
        assert watch.seconds <= FRESH_SECONDS + 1, f"shown after {watch.seconds:.1f} s"

    total = int(page.locator("[data-count=all] b").inner_text())
    camera = api.add_camera("Hundred 101", "rtsp://192.0.2.1/1", on=False, tags=["Hundred"])["id"]
    new = page.locator(f"tr[data-camera='{camera}']")
    expect(new).to_be_visible()
    expect(new.get_by_role("switch")).to_have_attribute("aria-checked", "false")
    expect(page.locator("[data-count=all] b")).to_have_text(str(total + 1))
    assert page.locator("tbody [tabindex='0']:not(time)").count() == 1, "the new row is a stop of its own"
    api.call("DELETE", f"/cameras/{camera}", 204)
    expect(new).to_contain_text("No longer in this list")
    expect(page.locator("[data-count=all] b")).to_have_text(str(total))
    expect(new).to_have_count(0, timeout=15_000)


def test_a_page_says_that_nobody_answers_and_goes_on_by_itself(new_page, session, home, hundred):
    page = new_page(storage_state=session)
    page.goto(f"{PAGES}/?tag=Hundred")
    pulse = page.locator("#pulse")
    page.route("**/cameras/states*", lambda route: route.fulfill(status=429, body=""))
    expect(pulse).to_contain_text("No answer from the server")
    expect(page.locator("tbody .state-since").first).to_be_hidden()
    page.unroute("**/cameras/states*")
    expect(pulse).to_contain_text("The server answers again.")
    expect(page.locator("tbody .state-since").first).to_be_visible()


def test_a_page_that_stands_open_does_not_keep_its_session_and_says_when_it_is_over(new_page, home, hundred, artifacts):
    page = new_page()
    sign_in(page, home)
    page.goto(f"{PAGES}/?tag=Hundred")
    session = home.rows("select encode(hash, 'hex') as hash from sessions order by created_at desc limit 1")[0]["hash"]

    def seen(age: str) -> None:
        home.rows("update sessions set seen_at = now() - %s::interval where encode(hash, 'hex') = %s returning 1", age, session)

    seen("29 minutes")
    with page.expect_response(re.compile("/states")):
        pass
    with page.expect_response(re.compile("/states")):
        pass
    age = home.rows("select extract(epoch from now() - seen_at) as age from sessions where encode(hash, 'hex') = %s", session)
    assert age[0]["age"] > 28 * 60, "the page used its session by itself"
    seen("31 minutes")
    expect(page.locator("#pulse")).to_contain_text("Your session has ended")
    page.screenshot(path=artifacts / "cameras-session-ended.png")
    link = page.get_by_role("link", name="Sign in again")
    assert "tag%3DHundred" in link.get_attribute("href")
    link.click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


# The wall

FAKE = """
window.wall ??= {running: new Set(), most: 0, starts: 0};
export class LiveView extends EventTarget {
  constructor(video, url) { super(); this.video = video; this.url = url; }
  start() {
    window.wall.running.add(this.url); window.wall.starts += 1;
    window.wall.most = Math.max(window.wall.most, window.wall.running.size);
    queueMicrotask(() => this.dispatchEvent(new CustomEvent("state", {detail: {state: "playing", text: "Live"}})));
  }
  stop() { window.wall.running.delete(this.url); }
  get latency() { return 0.1; }
}
"""


def test_only_tiles_that_are_seen_play_and_the_wall_can_be_paused(new_page, session, home, hundred, artifacts):
    page = new_page(storage_state=session, viewport={"width": 1280, "height": 420})
    page.route("**/live-view.js", lambda route: route.fulfill(body=FAKE, content_type="application/javascript"))
    for camera in hundred.ids[:16]:
        hundred.set(camera, "recording")
    page.goto(f"{PAGES}/wall?tag=Hundred")
    expect(page.locator(".tile")).to_have_count(16)

    def running() -> list[int]:
        return page.evaluate("() => [...(window.wall?.running ?? [])].map(url => Number(url.match(/cameras\\/(\\d+)/)[1])).sort((a, b) => a - b)")

    def visible() -> list[int]:
        return page.evaluate(
            """() => [...document.querySelectorAll(".tile")].filter(tile => {
                const box = tile.getBoundingClientRect();
                return Math.min(box.bottom, innerHeight) - Math.max(box.top, 0) > box.height * 0.1;
            }).map(tile => Number(tile.dataset.camera))"""
        )

    await_value("what is seen plays", 10, lambda: running() and running() == visible())
    assert 4 <= len(running()) <= 8, running()
    page.screenshot(path=artifacts / "wall-live.png")
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    await_value("what is seen after scrolling plays", 10, lambda: running() == visible())
    assert page.evaluate("() => window.wall.most") <= 12
    # A tab that nobody sees plays nothing.
    page.evaluate(
        """() => { Object.defineProperty(document, "hidden", {value: true, configurable: true});
        document.dispatchEvent(new Event("visibilitychange")); }"""
    )
    await_value("nothing plays in a hidden tab", 10, lambda: not running())
    page.evaluate("() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }")
    await_value("it plays again", 10, lambda: running() == visible())
    page.get_by_role("button", name="Pause all").click()
    await_value("nothing plays", 10, lambda: not running())
    page.get_by_role("button", name="Play all").click()
    # One that records no longer rests, one that was deleted goes.
    seen = visible()
    hundred.set(seen[0], "retrying", "unreachable")
    await_value("a camera that does not record rests", 10, lambda: running() and seen[0] not in running())
    hundred.set(seen[0], "recording")

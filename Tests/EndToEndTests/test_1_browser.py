"""The pages, used in Chromium as people use them, with JavaScript and without."""

import re
import secrets

import requests
from playwright.sync_api import Page, TimeoutError, expect

from browsing import follow, sign_in
from waiting import await_value

def demo_url(api) -> str:
    return next(camera["url"] for camera in api.get("/cameras/") if camera["url"].endswith("/demo"))


def add_by_form(page: Page, name: str, url: str) -> None:
    """Adds a camera that is not to record yet."""
    page.goto("/api/v1/controller/")
    page.get_by_role("link", name=re.compile("^Add (camera|the first camera)$")).click()
    page.locator("#name").fill(name)
    page.locator("#location").fill("Main hall")
    page.locator("#url").fill(url)
    page.locator("#is_active").uncheck()
    follow(page, page.locator("form.form button.primary"))
    page.goto("/api/v1/controller/")
    expect(page.get_by_role("row", name=re.compile(name))).to_be_visible()


def row_of(page: Page, name: str):
    return page.get_by_role("row", name=re.compile(name))


def switch_of(page: Page, name: str):
    return page.get_by_role("switch", name=f"Record {name}", exact=True)


def await_reloaded(page: Page, check, seconds: float) -> None:
    """Without JavaScript a page shows news when it is loaded again."""

    def probe() -> bool:
        page.reload()
        try:
            check(1_000)
            return True
        except AssertionError:
            return False

    await_value(
        "the reloaded page shows it",
        seconds,
        probe,
        every=0.5,
        context=lambda: page.locator("main").inner_text()[:1500],
    )


def assert_video_plays(page: Page) -> None:
    video = page.locator("video")
    video.wait_for()
    try:
        page.wait_for_function("() => document.querySelector('video').currentTime > 0.5", timeout=10_000)
    except TimeoutError:
        facts = video.evaluate(
            "v => ({time: v.currentTime, ready: v.readyState, network: v.networkState, src: v.currentSrc, "
            "paused: v.paused, "
            "error: v.error && (v.error.code + ' ' + v.error.message)})"
        )
        raise AssertionError(f"the video does not play: {facts}") from None
    before = video.evaluate("v => v.currentTime")
    width = video.evaluate("v => v.videoWidth")
    assert before > 0.5 and width == 640, f"time {before}, width {width}"


def test_a_wrong_password_is_refused_without_saying_what_was_wrong(new_page, home, artifacts):
    page = new_page()
    sign_in(page, home, password="not the password")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    said = page.get_by_role("alert").inner_text()
    page.get_by_label("Name", exact=True).fill("nobody-of-this-name")
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_role("alert").inner_text() == said, "it tells which names exist"
    page.goto("/api/v1/controller/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_person_adds_the_demo_camera_and_watches_its_recording(new_page, home, api, artifacts):
    page = new_page()
    sign_in(page, home)
    expect(page.get_by_role("heading", name="Cameras", level=1)).to_be_visible()
    name = f"By the form {secrets.token_hex(2)}"
    add_by_form(page, name, demo_url(api))
    expect(switch_of(page, name)).to_have_attribute("aria-checked", "false")
    expect(row_of(page, name).locator("[data-live=word]")).to_have_text(re.compile("^off$", re.I))
    switch_of(page, name).click()
    # The page itself brings the news: nothing is reloaded here.
    expect(switch_of(page, name)).to_have_attribute("aria-checked", "true")
    expect(row_of(page, name).locator("[data-live=word]")).to_have_text(re.compile("recording", re.I), timeout=20_000)

    row_of(page, name).get_by_role("link", name=name).first.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    camera = int(page.locator("[data-camera]").first.get_attribute("data-camera"))
    await_value(
        "a segment is stored",
        30,
        lambda: [row for row in api.get(f"/cameras/{camera}/segments") if row["state"] == "stored"],
    )
    page.reload()
    page.locator("a.segment").first.click()
    assert_video_plays(page)
    page.screenshot(path=artifacts / "playing.png", full_page=True)

    switch_of(page, name).click()
    expect(switch_of(page, name)).to_have_attribute("aria-checked", "false")
    expect(page.locator("[data-live=word]").first).to_have_text(re.compile("^off$", re.I), timeout=15_000)
    assert api.get(f"/cameras/{camera}")["is_active"] is False


def test_the_same_works_without_javascript(new_page, home, api):
    page = new_page(java_script_enabled=False)
    sign_in(page, home)
    name = f"No script {secrets.token_hex(2)}"
    add_by_form(page, name, demo_url(api))
    expect(switch_of(page, name)).to_have_attribute("aria-checked", "false")
    follow(page, switch_of(page, name))
    expect(switch_of(page, name)).to_have_attribute("aria-checked", "true")
    await_reloaded(
        page,
        lambda wait: expect(row_of(page, name).locator("[data-live=word]")).to_have_text(
            re.compile("recording", re.I), timeout=wait
        ),
        25,
    )
    follow(page, row_of(page, name).get_by_role("link", name=name).first)
    await_reloaded(page, lambda wait: expect(page.locator("a.segment").first).to_be_visible(timeout=wait), 30)
    with page.expect_response(re.compile(r"/segments/[^/]+\.mp4")) as answer:
        page.locator("a.segment").first.click()
    assert answer.value.status in (200, 206)
    expect(page.locator("video")).to_be_visible()
    follow(page, switch_of(page, name))
    await_reloaded(
        page,
        lambda wait: expect(page.locator("[data-live=word]").first).to_have_text(
            re.compile("^off$", re.I), timeout=wait
        ),
        15,
    )


def test_a_wrong_form_says_what_to_mend_and_keeps_what_was_typed(new_page, home, api):
    page = new_page()
    sign_in(page, home)
    count = len(api.get("/cameras/"))
    page.goto("/api/v1/controller/cameras/new")
    page.locator("#name").fill("Kept")
    page.locator("#location").fill("Yard")
    page.locator("#url").fill("file:///etc/passwd")
    page.locator("form.form button.primary").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#url")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#name")).to_have_value("Kept")
    expect(page.locator("#location")).to_have_value("Yard")
    assert len(api.get("/cameras/")) == count


def test_a_camera_is_edited_and_deleted_by_forms(new_page, home, api, camera_simulator):
    camera = api.add_camera("Short lived", camera_simulator.url("edited2", credentials="viewer:secret"), on=False)["id"]
    page = new_page()
    sign_in(page, home)
    page.goto(f"/api/v1/controller/cameras/{camera}/edit")
    assert "secret" not in page.content()
    page.locator("#name").fill("Renamed")
    page.locator("form.form button.primary").click()
    expect(page.get_by_role("heading", name="Renamed")).to_be_visible()
    assert api.get(f"/cameras/{camera}")["username"] == "viewer"
    page.goto(f"/api/v1/controller/cameras/{camera}/delete")
    page.get_by_role("button", name="Delete camera").click()
    expect(page.get_by_role("heading", name="Cameras", level=1)).to_be_visible()
    api.call("GET", f"/cameras/{camera}", 404)


def test_a_form_from_another_site_changes_nothing(new_page, home, api, camera_simulator):
    camera = api.add_camera("Not by others", camera_simulator.url("forged1"), on=False)["id"]
    page = new_page()
    sign_in(page, home)
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    target = f"{home.api}/controller/cameras/{camera}/switch"
    csrf = page.locator("input[name=csrf]").first.get_attribute("value")
    for body, origin in (
        ({"is_active": "true"}, home.url),
        ({"is_active": "true", "csrf": "x" * 40}, home.url),
        ({"is_active": "true", "csrf": csrf}, "http://evil.example"),
    ):
        answer = requests.post(
            target, data=body, cookies=cookies, headers={"Origin": origin}, timeout=10, allow_redirects=False
        )
        assert answer.status_code in (400, 403), f"{body} from {origin}: {answer.status_code}"
    assert api.get(f"/cameras/{camera}")["is_active"] is False
    flags = {cookie["name"]: cookie for cookie in page.context.cookies()}
    # Made by a script, and no secret.
    assert not flags["zone"]["httpOnly"] and flags.pop("zone")["sameSite"] == "Lax"
    assert all(cookie["httpOnly"] and cookie["sameSite"] == "Lax" for cookie in flags.values()), flags


def test_a_page_that_is_not_there_says_so_as_a_page(new_page, home):
    page = new_page()
    sign_in(page, home)
    for path in ("/api/v1/controller/cameras/999999", "/api/v1/controller/nonsense"):
        answer = page.goto(path)
        assert answer.status == 404 and answer.headers["content-type"].startswith("text/html")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_role("link", name=re.compile("cameras|observer", re.I)).first).to_be_visible()


def test_signing_out_ends_the_session(new_page, home):
    page = new_page()
    sign_in(page, home)
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    again = requests.get(f"{home.api}/controller/", cookies=cookies, timeout=10)
    assert "Sign out" not in again.text, "the old cookie still opens the page"

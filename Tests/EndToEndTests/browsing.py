"""What tests of pages share: pages that watch their console, signing in, axe."""

import re
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


@pytest.fixture
def new_page(chromium, home, artifacts, request):
    """Makes pages. A complaint in the console or a request to another host fails the test, and leaves a picture."""
    contexts, complaints = [], []

    def make(**options) -> Page:
        context = chromium.new_context(**({"base_url": home.url, "viewport": {"width": 1280, "height": 900}} | options))
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text) if message.type == "error" and not expected(message.text) else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda sent: (
                complaints.append(f"asked another host: {sent.url}")
                if not sent.url.startswith((options.get("base_url", home.url), "blob:", "data:"))
                else None
            ),
        )
        contexts.append(context)
        return page

    yield make
    report = getattr(request.node, "report_call", None)
    name = re.sub(r"\W+", "-", request.node.name)
    for number, context in enumerate(contexts):
        if report is not None and report.failed:
            for page in context.pages:
                page.screenshot(path=artifacts / f"failed-{name}-{number}.png", full_page=True)
                (artifacts / f"failed-{name}-{number}.html").write_text(page.content())
        context.close()
    assert not complaints, complaints


def expected(complaint: str) -> bool:
    """Chromium writes an error line for each page answered with 4xx or 503, which some tests ask for."""
    return any(f"Failed to load resource: the server responded with a status of {status}" in complaint for status in ("4", "503"))


def sign_in(page: Page, home, password: str | None = None) -> None:
    page.goto("/")
    page.get_by_label("Name", exact=True).fill("admin")
    page.get_by_label("Password", exact=True).fill(password or home.admin_password)
    follow(page, page.get_by_role("button", name="Sign in"))


def follow(page: Page, link_or_button) -> None:
    """Clicks, and waits for the page it leads to: what comes next must not meet one that is being left."""
    with page.expect_navigation():
        link_or_button.click()


@pytest.fixture(scope="module")
def session(chromium, home):
    """The cookies of one sign-in, for all pages of a file."""
    context = chromium.new_context(base_url=home.url)
    page = context.new_page()
    sign_in(page, home)
    state = context.storage_state()
    context.close()
    return state


def picture_of_trouble(page: Page, home, artifacts: Path, name: str, text: str) -> None:
    """Pages while a server is away: they work, and say so by themselves."""
    sign_in(page, home)
    expect(page.locator("#trouble")).to_contain_text(text, timeout=20_000)
    for place in ("", "wall", "recorders", "storage"):
        page.goto(f"/api/v1/controller/{place}")
        page.screenshot(path=artifacts / f"{place or 'cameras'}-{name}.png")
        expect(page.locator("#trouble")).to_contain_text(text)


def violations(page: Page, tag: str | None = None) -> list[str]:
    """What axe-core finds on a page, a line each; with a tag, by the rules of that tag."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(
        "tag => axe.run(document, {resultTypes: ['violations'], ...(tag ? {runOnly: [tag]} : {})})", tag
    )
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:160]} {node['failureSummary'][:200]}"
        for rule in found["violations"]
        for node in rule["nodes"][:3]
    ]


def excess_width(page: Page) -> int:
    """The pixels by which a page is wider than its window."""
    return page.evaluate("() => document.scrollingElement.scrollWidth - window.innerWidth")

"""A page with a live view, measured: for the tests and for bench/live.

The page is served at the address of Observer, so that the browser signs in as usual; the script under test is Observer's own.
"""

import statistics
from pathlib import Path

PAGE = Path(__file__).with_name("live.html")
PLACE = "/api/v1/controller/measured-live"


class LivePage:
    """One page in Chromium that shows a camera live, and how late it is."""

    def __init__(self, page, camera: int):
        self.page, self.camera = page, camera
        page.route(f"**{PLACE}", lambda route: route.fulfill(body=PAGE.read_text(), content_type="text/html"))
        page.goto(PLACE)
        page.wait_for_function("window.isReady")

    def watch(self, place: str = "") -> None:
        """Begins, as a click would."""
        self.page.evaluate("url => window.watch(url)", place or f"/api/v1/cameras/{self.camera}/live.mp4")

    def first_picture(self, seconds: float = 10) -> float:
        """Seconds from the click to the first picture."""
        self.page.wait_for_function("window.firstPicture !== null", timeout=seconds * 1000)
        return self.page.evaluate("window.firstPicture") / 1000

    def states(self) -> list[dict]:
        return self.page.evaluate("window.states")

    def delays(self, origin: float, fps: int, seconds: float, settle: float = 1.0) -> list[float]:
        """Seconds from the sending of each frame to its showing, in order, from `settle` seconds after the first picture on."""
        self.page.wait_for_timeout((settle + seconds) * 1000)
        shown = self.page.evaluate("window.shown")
        known = [frame for frame in shown if frame["counter"] is not None]
        assert len(known) > 0.9 * len(shown), f"{len(shown)} frames shown, {len(known)} of them known"
        first = known[0]["at"] + settle
        return [frame["at"] - origin - frame["counter"] / fps for frame in known if frame["at"] >= first]

    def stop(self) -> None:
        self.page.evaluate("window.view.stop()")


def percentile(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]

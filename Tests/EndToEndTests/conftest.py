"""What the end-to-end tests share: one running Observer, one building of simulated cameras, one browser.

`E2E_KEEP=1` leaves Observer running afterwards and uses what runs, for work on the tests themselves.
"""

import os
import secrets
import shutil
from pathlib import Path

import pytest

from building import Building
from home import REPOSITORY, Home, free_port
from messages import MessageTap
from waiting import Stopwatch

ARTIFACTS = REPOSITORY / ".build" / "e2e-artifacts"
HOME = REPOSITORY / ".build" / "e2e-home"
KEEP = os.environ.get("E2E_KEEP") == "1"
CANARY = "canary" + secrets.token_hex(6)  # the cameras' password: it must show up nowhere


def pytest_configure(config: pytest.Config) -> None:
    shutil.rmtree(ARTIFACTS, ignore_errors=True)
    ARTIFACTS.mkdir(parents=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """Adds the services' last lines to the report of a failed test, and keeps a picture of the page it used."""
    report = yield
    setattr(item, f"report_{report.when}", report)
    home = getattr(item, "funcargs", {}).get("home")
    if report.failed and home is not None:
        for service in ("web", "capture", "upload"):
            report.sections.append((f"last lines of {service}", home.log(service)))
    return report


@pytest.fixture(scope="session")
def artifacts() -> Path:
    return ARTIFACTS


@pytest.fixture(scope="session")
def canary() -> str:
    return CANARY


@pytest.fixture(scope="session")
def home(artifacts: Path):
    """Observer, started by its own command, with short segments and the loopback network open to cameras."""
    settings = {
        "OBSERVER_DEMO": "1",
        "OBSERVER_SEGMENT_SECONDS": "3",
        "OBSERVER_SWEEP_SECONDS": "5",
        "OBSERVER_PICTURE_SECONDS": "5",
        "OBSERVER_CAMERA_NETWORKS": "default,127.0.0.1/32",
    }
    port_file = HOME / "e2e-port"
    port = int(port_file.read_text()) if KEEP and port_file.exists() else free_port()
    place = Home(HOME, port, settings)
    if HOME.exists() and not KEEP:
        place.observer("down", check=False)
        shutil.rmtree(HOME)
    watch = Stopwatch()
    result = place.up()
    (artifacts / "up.txt").write_text(f"{result.stdout}\n{result.stderr}\n{watch.seconds:.1f} s\n")
    port_file.write_text(str(port))
    place.up_seconds, place.up_output = watch.seconds, result.stdout
    yield place
    keep_logs(place, artifacts)
    if not KEEP:
        place.observer("down", check=False)


def keep_logs(home: Home, artifacts: Path) -> None:
    shutil.copytree(home.path / "logs", artifacts / "logs", dirs_exist_ok=True)


@pytest.fixture(scope="session")
def building(artifacts: Path, canary: str):
    simulator = Building(artifacts / "simulator.log", canary)
    yield simulator
    simulator.end()


@pytest.fixture(scope="session")
def tap(home: Home):
    """Listens to every message on Observer's exchanges from here on."""
    listener = MessageTap(home.environment()["OBSERVER_AMQP_URL"])
    yield listener
    listener.end()


@pytest.fixture(scope="session")
def api(home: Home):
    return home.client()


@pytest.fixture
def cameras(home: Home, api):
    """Adds cameras for one test; they are switched off afterwards, whatever happens."""
    added: list[int] = []

    def add(name: str, url: str, **fields) -> int:
        camera = api.add_camera(name, url, **fields)["id"]
        added.append(camera)
        return camera

    yield add
    for camera in added:
        api.call("POST", f"/cameras/{camera}/off")


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()

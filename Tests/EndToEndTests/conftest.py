"""What the end-to-end tests share: one running Observer, one camera simulator, one browser.

`E2E_KEEP=1` leaves Observer running afterwards and uses what runs, for work on the tests themselves. `E2E_LANE` names one of
several runs side by side: each has homes and artifacts of its own.
"""

import os
import secrets
import shutil
import signal
from pathlib import Path

import pytest

from browsing import new_page, session  # noqa: F401 (fixtures)
from camera_simulator import CameraSimulator
from home import REPOSITORY, Home, free_port
from messages import MessageTap
from waiting import Stopwatch



def lane_folder(name: str) -> Path:
    """A folder of this run's own in `.build`."""
    lane = os.environ.get("E2E_LANE", "0")
    return REPOSITORY / ".build" / (name if lane == "0" else f"{name}-{lane}")


ARTIFACTS = lane_folder("e2e-artifacts")
HOME = lane_folder("e2e-home")
SECOND_HOME = lane_folder("e2e-second")
KEEP = os.environ.get("E2E_KEEP") == "1"
CANARY = "canary" + secrets.token_hex(6)  # the cameras' password: it must show up nowhere


def pytest_configure(config: pytest.Config) -> None:
    signal.signal(signal.SIGTERM, end_in_order)
    shutil.rmtree(ARTIFACTS, ignore_errors=True)
    ARTIFACTS.mkdir(parents=True)


def end_in_order(number: int, frame: object) -> None:
    """A time limit, or `./observer test` interrupted: fixtures end as they always do, and Observer with them."""
    for further in (signal.SIGTERM, signal.SIGINT):
        signal.signal(further, lambda *_: None)
    raise KeyboardInterrupt("ended by SIGTERM")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """Adds the services' last lines to the report of a failed test, and keeps a picture of the page it used."""
    report = yield
    setattr(item, f"report_{report.when}", report)
    home = getattr(item, "funcargs", {}).get("home")
    if report.failed and home is not None:
        for service in ("web", "capture", "upload", "retention"):
            report.sections.append((f"last lines of {service}", home.log(service)))
        report.sections.append(("processes", home.condition()))
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
        "OBSERVER_SNAPSHOT_SECONDS": "5",
        "OBSERVER_CAMERA_NETWORKS": "default,127.0.0.1/32,127.0.0.4/32,::1/128",
    }
    port_file = HOME / "e2e-port"
    port = int(port_file.read_text()) if KEEP and port_file.exists() else free_port()
    place = Home(HOME, port, settings)
    if HOME.exists() and not KEEP:
        place.observer("down", check=False)
        shutil.rmtree(HOME)
    place.is_fresh = not HOME.exists()
    watch = Stopwatch()
    # Whatever ends this, also in the middle of `up`: nothing is left running.
    try:
        result = place.up()
        (artifacts / "up.txt").write_text(f"{result.stdout}\n{result.stderr}\n{watch.seconds:.1f} s\n")
        port_file.write_text(str(port))
        place.up_output = result.stdout
        yield place
    finally:
        keep_logs(place, artifacts)
        if not KEEP:
            place.observer("down", check=False)


def keep_logs(home: Home, artifacts: Path) -> None:
    if (home.path / "logs").exists():
        # A link is kept as one: where it leads is somebody else's.
        shutil.copytree(home.path / "logs", artifacts / "logs" / home.path.name, symlinks=True, dirs_exist_ok=True)


@pytest.fixture
def second_home(home: Home, artifacts: Path):
    """Makes a small home beside the first, with settings of its own; one at a time."""
    places: list[Home] = []

    def make(**settings: str) -> Home:
        shutil.rmtree(SECOND_HOME, ignore_errors=True)
        shared = {"OBSERVER_SEGMENT_SECONDS": "3", "OBSERVER_CAMERA_NETWORKS": "default,127.0.0.1/32"}
        places.append(Home(SECOND_HOME, free_port(), shared | settings))
        return places[-1]

    try:
        yield make
    finally:
        for place in places:
            place.observer("down", check=False)
            keep_logs(place, artifacts)


@pytest.fixture
def guest_home(home: Home, second_home):
    """Makes a small home that was given a database, a broker's host and a bucket of its own at the servers of the first one."""

    def make(name: str, **settings: str) -> Home:
        home.run_as_database_admin(f"create database {name} owner observer_migrate")
        home.make_vhost(name)
        given = home.environment()
        places = {key: f"{given[key].rpartition('/')[0]}/{name}" for key in ("OBSERVER_DATABASE_URL", "OBSERVER_AMQP_URL")}
        store = {key: value for key, value in given.items() if key.startswith("AWS_")}
        return second_home(**places, **store, OBSERVER_S3_BUCKET=name, **settings)

    return make


@pytest.fixture(scope="session")
def camera_simulator(artifacts: Path, canary: str):
    simulator = CameraSimulator(artifacts / "simulator.log", canary)
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

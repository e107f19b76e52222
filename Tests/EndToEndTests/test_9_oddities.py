"""Odd cameras, one test a case: everything they sent is stored once, at its time, and each second is covered or a gap."""

import re
import time
from dataclasses import dataclass, field

import pytest

from account import TOLERANCE, Account, adds_up
from evidence import Recording, gather, segment_rows
from moments import moment, rfc3339
from odd_cameras import CASES, OddCameras

from clip import UNIT_MARK  # the simulator's; odd_cameras.py put its folder on the path

# All cases of a group are recorded at the same time.
GROUPS = 2
SECONDS = 30.0
SEGMENT_SECONDS = 5


@dataclass(frozen=True)
class Expected:
    """What Observer should make of a camera; by default it records every frame, in one connection."""

    # Why it is not recorded, or not all the time, and words of the sentence that says so.
    cause: str = ""
    says: str = ""
    is_recorded: bool = True
    connections: int | None = 1
    tolerance: float = TOLERANCE
    has_audio: bool | None = None
    health: str = ""
    flags: set = field(default_factory=set)


def never(cause: str, says: str) -> Expected:
    return Expected(cause, says, is_recorded=False, connections=None)


def leaving(cause: str, says: str = "") -> Expected:
    return Expected(cause, says, connections=None)


HEARD, UNHEARD = Expected(has_audio=True), Expected(has_audio=False)
EXPECTED = {
    "half-answer": leaving("unreachable"),
    "not-rtsp": never("bad_stream", "RTSP"),
    "not-found": never("not_found", "address"),
    "full": never("refused", "453|connection"),
    "starting": never("refused", "503"),
    "speechless": never("unreachable", "did not answer"),
    "locked": never("unauthorized", "password"),
    "sets-missing": never("no_key_frames", "key-frame interval"),
    "audio-only": never("no_video", "video"),
    "nothing": never("no_video", "stream"),
    "udp-refused": never("bad_stream", "UDP"),
    "udp-only-asked-tcp": never("bad_stream", "TCP"),
    "udp-never": never("stalled", "sent none"),
    "no-transport": never("bad_stream", "send"),
    "closes": leaving("unreachable", "closed"),
    "closes-at-once": leaving("unreachable", "closed"),
    "resets": leaving("unreachable"),
    "tears-down": leaving("unreachable", "ended the session"),
    "hangs": leaving("stalled"),
    "closes-half": leaving("unreachable", "closed"),
    "goes-away": leaving("refused", "listens"),
    "silence": Expected("stalled"),
    "silence-numbered": Expected("lossy"),
    "silence-short": Expected("stalled"),
    "silence-again": Expected("stalled"),
    # Nobody can tell a step of some tenths from a link that was slow.
    "jump-often": Expected(tolerance=0.45),
    "clock-1khz": Expected(flags={"clock_arrival"}),
    # Of ten frames a second without stamps, a segment may begin up to three early.
    "clock-zero": Expected(flags={"clock_arrival"}, tolerance=0.3),
    "clock-freezes": Expected(flags={"clock_arrival"}, tolerance=0.3),
    "clock-freezes-shortly": Expected(tolerance=0.3),
    # Its stamps are wrong by more than a frame, one way and the other.
    "stamps-backwards": Expected(tolerance=0.35),
    "jump-hour": Expected(flags={"clock_joined"}),
    "audio-unwanted": UNHEARD,
    "audio-first": HEARD,
    "aac": HEARD,
    "opus": HEARD,
    "mp3": HEARD,
    "mu-law": HEARD,
    "a-law": HEARD,
    "linear": HEARD,
    "g726": HEARD,
    "udp-audio": HEARD,
    "audio-refused": UNHEARD,
    "group-10-joined": Expected("no_key_frames", "awaited"),
    "hevc-joined": Expected("no_key_frames", "awaited"),
    "group-60-joined": Expected("no_key_frames", "awaited", flags={"dependent"}),
    "refresh-joined": Expected("no_key_frames", "awaited"),
}


@dataclass
class Outcome:
    """One case after it was recorded."""

    camera: int
    instance: str
    on: float
    off: float = 0.0
    causes: dict[str, str] = field(default_factory=dict)
    health: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def odd(artifacts):
    cameras = OddCameras(artifacts / "odd.log")
    yield cameras
    cameras.end()


@pytest.fixture(scope="module")
def outcomes(request, home, api, odd) -> dict[str, Outcome]:
    """All cases that are asked for, recorded group by group."""
    names = [item.callspec.params["name"] for item in request.session.items if "name" in getattr(getattr(item, "callspec", None), "params", {})]
    names = [name for name in names if name in CASES]
    found: dict[str, Outcome] = {}
    for number in range(GROUPS):
        found |= record(home, api, odd, names[number::GROUPS])
    return found


def record(home, api, odd: OddCameras, names: list[str]) -> dict[str, Outcome]:
    found = {}
    for name in names:
        case, instance = CASES[name], str(time.time_ns())
        on = time.time()
        fields = {"segment_seconds": SEGMENT_SECONDS} | case.options
        found[name] = Outcome(api.add_camera(f"Odd {name}", odd.url(case, instance), **fields)["id"], instance, on)
    watch(api, found, SECONDS)
    for outcome in found.values():
        outcome.off = time.time()
        api.switch(outcome.camera, False)
    watch(api, found, 3)
    return found


def watch(api, outcomes: dict[str, Outcome], seconds: float) -> None:
    """Notes the causes and the troubles that are told meanwhile."""
    ended, by_camera = time.monotonic() + seconds, {outcome.camera: outcome for outcome in outcomes.values()}
    while time.monotonic() < ended:
        for camera in api.get("/cameras/"):
            if outcome := by_camera.get(camera["id"]):
                status = camera["status"]
                if status["cause"]:
                    outcome.causes[status["cause"]] = status["detail"]
                outcome.health |= {note["cause"]: note["detail"] for note in status["health"]}
        time.sleep(1)


@pytest.mark.parametrize("name", CASES)
def test_an_odd_camera(home, api, odd, outcomes, name):
    case, outcome, expected = CASES[name], outcomes[name], EXPECTED.get(name, Expected())
    log = odd.seen(case, outcome.instance)
    assert not log.complaints, f"the camera itself broke: {log.complaints}"
    window = {"from": rfc3339(outcome.on - 1), "to": rfc3339(outcome.off + 5)}
    if expected.is_recorded:
        recording = gather(home, outcome.camera, 20, UNIT_MARK, any(not frame.is_whole for frame in log.frames))
    else:
        recording = Recording(segment_rows(home, outcome.camera))
    timeline = api.get(f"/cameras/{outcome.camera}/timeline", params=window)
    account = Account(log, recording, timeline, outcome.off, expected.tolerance)
    complaints = account.complaints() if expected.is_recorded else account.about_gaps() + adds_up(timeline)
    complaints += about_causes(expected, outcome, timeline)
    if expected.connections is not None and len(log.playing) != expected.connections:
        complaints.append(f"{len(log.playing)} connections: {[(c['reason'], len(c['frames'])) for c in log.playing]}")
    if not expected.is_recorded and recording.rows:
        complaints.append(f"{len(recording.rows)} segments of what cannot be recorded")
    if expected.has_audio is not None and {row["has_audio"] for row in recording.rows} != {expected.has_audio}:
        complaints.append(f"audio is {[row['has_audio'] for row in recording.rows]}")
    if missing := expected.flags - {flag for row in recording.rows for flag in row["flags"]}:
        complaints.append(f"flags are missing: {missing}")
    assert not complaints, f"{case.told}\n" + "\n".join([*complaints, f"states: {outcome.causes}", f"health: {outcome.health}", f"gaps: {timeline['gaps']}", f"lag: {log.lag} s", f"log: {brief(log)}"])


def about_causes(expected: Expected, outcome: Outcome, timeline: dict) -> list[str]:
    # What is no longer than times are exact needs no cause, nor does a switch between two bunches of frames.
    def is_long(gap: dict) -> bool:
        limit = 1.0 if moment(gap["to"]) > outcome.off - TOLERANCE else 1.5 * TOLERANCE
        return moment(gap["to"]) - moment(gap["from"]) > limit

    gaps = [gap for gap in timeline["gaps"] if is_long(gap)]
    told = {gap["cause"]: gap["detail"] or "" for gap in gaps} | outcome.causes
    told.pop("no_recorder", None)
    if not expected.cause:
        return [f"causes are told: {told}"] if told else []
    if expected.cause not in told:
        return [f"the cause {expected.cause} is not told: {told}"]
    if not re.search(expected.says, told[expected.cause]):
        return [f"the sentence does not help: {told[expected.cause]}"]
    return []


def brief(log) -> list:
    return [
        (connection["reason"], len(connection["frames"]), [f"{what} {status}" for _, what, status in connection["requests"]][:12])
        for connection in log.connections[:4]
    ]

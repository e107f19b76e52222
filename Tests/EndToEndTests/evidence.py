"""What is really stored: objects against rows, by id and SHA-256, and the frames in them, counted."""

import hashlib
import json
import re
import subprocess
from dataclasses import dataclass, field

from camera_simulator import CameraSimulator
from home import Home
from waiting import await_value

from clip import MARK, counters_in  # the simulator's; camera_simulator.py put its folder on the path


@dataclass
class Recording:
    """Everything stored of one camera, in the order of its counters."""

    rows: list[dict]
    counters: list[int] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    mark: re.Pattern = MARK

    @property
    def cuts(self) -> int:
        """Places where one segment ends and the next of the same connection begins."""
        return sum(1 for a, b in zip(self.rows, self.rows[1:]) if a["run"] == b["run"])

    def missing_from(self, sent: list[int]) -> list[int]:
        """Counters sent between the first and the last stored one that are not stored."""
        stored = set(self.counters)
        return [
            counter for counter in sent if self.counters[0] <= counter <= self.counters[-1] and counter not in stored
        ]

    def counters_of(self, row: dict) -> list[int]:
        """The counters of one segment."""
        return counters_in(self.objects[row["id"]], self.mark)

    def of_run(self, run: str) -> list[dict]:
        return [row for row in self.rows if row["run"] == run]


def segment_rows(home: Home, camera: int) -> list[dict]:
    return home.rows(
        "select id::text, camera_id, epoch, run::text, sequence, bytes, encode(sha256, 'hex') sha256, frames, state, "
        "end_reason, object_key, media_start_90k, media_duration_90k, started_at, duration_ms, has_audio, flags, tries, error "
        "from segments where camera_id = %s order by started_at, sequence",
        camera,
    )


def spooled_files(home: Home, camera: int) -> list[str]:
    """Files of the camera that still wait in the spool: written and not committed yet, or committed and not stored."""
    waiting = []
    # In the order in which a file passes through them.
    for folder in ("open", "ready"):
        for path in (home.spool / folder).glob("*.json"):
            try:
                if json.loads(path.read_text())["camera_id"] == camera:
                    waiting.append(path.name)
            except (FileNotFoundError, json.JSONDecodeError):
                pass
    return waiting


def await_drained(home: Home, camera: int, seconds: float) -> None:
    """Waits until nothing of the camera is left to upload and every row says so."""

    def drained() -> bool:
        # Rows last: what has left the spool has one.
        if spooled_files(home, camera):
            return False
        rows = segment_rows(home, camera)
        return bool(rows) and all(row["state"] == "stored" for row in rows)

    def context() -> str:
        states = [
            (row["id"], row["state"], row["tries"], row["error"])
            for row in segment_rows(home, camera)
            if row["state"] != "stored"
        ]
        return (
            f"not stored: {states[:10]}\nwaiting: {spooled_files(home, camera)[:10]}\nupload log:\n{home.log('upload')}"
        )

    await_value(f"everything of camera {camera} is stored", seconds, drained, every=0.5, context=context)


def gather(home: Home, camera: int, seconds: float = 60, mark: re.Pattern = MARK, is_damaged: bool = False) -> Recording:
    """Waits for the camera's last upload, then proves that objects and rows tell the same story.

    Frames that were damaged on their way may have lost the counter that `mark` finds.
    """
    await_drained(home, camera, seconds)
    store, bucket = home.s3(), home.bucket
    prefix = f"{home.environment().get('OBSERVER_S3_PREFIX', 'observer')}/{camera}/"
    listed: dict[str, int] = {}
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        listed |= {entry["Key"]: entry["Size"] for entry in page.get("Contents", [])}
    recording = Recording(segment_rows(home, camera), mark=mark)
    keys = [row["object_key"] for row in recording.rows]
    assert len(set(keys)) == len(keys), "two rows share an object key"
    assert set(listed) == set(keys), (
        f"objects without a row: {sorted(set(listed) - set(keys))}; "
        f"rows without an object: {sorted(set(keys) - set(listed))}"
    )
    problems = []
    for row in recording.rows:
        data = store.get_object(Bucket=bucket, Key=row["object_key"])["Body"].read()
        recording.objects[row["id"]] = data
        counters = recording.counters_of(row)
        recording.counters += counters
        if row["id"] not in row["object_key"]:
            problems.append(f"{row['id']}: its id is not in its key {row['object_key']}")
        if len(data) != row["bytes"] or hashlib.sha256(data).hexdigest() != row["sha256"]:
            problems.append(f"{row['id']}: {len(data)} bytes in the store are not the {row['bytes']} the row speaks of")
        if counters and not is_damaged and len(counters) != row["frames"]:
            problems.append(f"{row['id']}: {len(counters)} frames in the object, the row says {row['frames']}")
    assert not problems, "\n".join(problems)
    return recording


def assert_no_frame_lost(recording: Recording, camera_simulator: CameraSimulator, name: str, from_counter: int | None = None) -> None:
    """Every counter the camera sent between the first and the last stored one is stored, once, and in order."""
    counters, sent = recording.counters, camera_simulator.sent(name)
    assert counters, "no frame carries a counter"
    doubled = (
        sorted({counter for counter in counters if counters.count(counter) > 1})
        if len(set(counters)) < len(counters)
        else []
    )
    assert not doubled, f"{len(doubled)} frames are stored twice: {doubled[:20]}"
    assert counters == sorted(counters), "frames are out of order"
    missing = recording.missing_from(sent)
    assert not missing, (
        f"{len(missing)} frames of {name} are missing: {ranges_of(missing)}; segments: "
        f"{[(row['sequence'], row['frames'], row['end_reason']) for row in recording.rows]}"
    )
    if from_counter is not None:
        assert counters[0] <= from_counter, f"the recording starts at {counters[0]}, the source at {from_counter}"


def assert_playable_alone(recording: Recording, folder) -> None:
    """Every object is a file that plays by itself: all its frames, the first a key frame, nothing to complain of."""
    for row in recording.rows:
        path = folder / f"{row['id']}.mp4"
        path.write_bytes(recording.objects[row["id"]])
        probe = subprocess.run(
            [
                "ffprobe",
                "-v",
                "error",
                "-select_streams",
                "v:0",
                "-show_entries",
                "packet=flags,dts",
                "-of",
                "json",
                str(path),
            ],
            capture_output=True,
            text=True,
            timeout=30,
        )
        packets = json.loads(probe.stdout or "{}").get("packets", [])
        assert not probe.stderr.strip(), f"{row['id']}: {probe.stderr[:400]}"
        assert len(packets) == row["frames"], f"{row['id']}: {len(packets)} packets, {row['frames']} frames in the row"
        assert packets[0]["flags"].startswith("K"), f"{row['id']} does not begin with a key frame"
        path.unlink()


def assert_media_time_continuous(recording: Recording) -> None:
    """Inside one connection each segment starts where the one before it ended."""
    for earlier, later in zip(recording.rows, recording.rows[1:]):
        if earlier["run"] == later["run"]:
            end = earlier["media_start_90k"] + earlier["media_duration_90k"]
            assert later["media_start_90k"] == end, f"{later['id']} starts at {later['media_start_90k']}, not at {end}"
            assert later["sequence"] == earlier["sequence"] + 1


def ranges_of(counters: list[int]) -> list[tuple[int, int]]:
    """1 2 3 7 8 as (1, 3), (7, 8)."""
    runs: list[tuple[int, int]] = []
    for counter in counters:
        if runs and runs[-1][1] == counter - 1:
            runs[-1] = (runs[-1][0], counter)
        else:
            runs.append((counter, counter))
    return runs

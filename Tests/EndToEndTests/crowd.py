"""Cameras that are rows alone: a page sees them in any number and state, and nothing is recorded of them."""

import base64
import threading

from home import Home

# Owned by a recorder that is none: no other one takes them while it seems alive.
RECORDER = "crowd"

# The smallest picture that is one: grey, 8 by 8 (baseline JPEG).
PICTURE = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/"
    "wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q=="
)

STATES = [
    ("recording", None),
    ("recording", None),
    ("recording", None),
    ("connecting", None),
    ("retrying", "unreachable"),
    ("retrying", "unauthorized"),
    ("off", None),
    ("retrying", "no_key_frames"),
]


class Crowd:
    """So many cameras of one tag; `states` are dealt out in turn."""

    def __init__(self, home: Home, count: int, tag: str, states=None, long_names: bool = False):
        self.home, self.tag = home, tag
        self.ended = threading.Event()
        states = states or STATES
        dealt = [states[number % len(states)] for number in range(count)]
        names = [self.name_of(number, long_names) for number in range(count)]
        places = ["L" * 100 if long_names and number % 5 == 0 else "Main hall" for number in range(count)]
        self.beat()
        self.heart = threading.Thread(target=self.keep_beating, daemon=True)
        self.heart.start()
        # In one statement: a recorder takes a camera that nobody has within a moment.
        rows = home.rows(
            """with wanted as (
                select row_number() over () as number, * from unnest(%s, %s, %s, %s) as w (name, location, state, cause)
            ), added as (
                insert into cameras (name, location, url, is_active, tags)
                select name, location, 'rtsp://192.0.2.1/1', state <> 'off', array[%s] from wanted order by number
                returning id, name
            ), owned as (
                insert into assignments (camera_id, recorder_id, incarnation, epoch) select id, %s, 1, 1 from added
            ), told as (
                insert into camera_status (camera_id, stream, epoch, state, since, cause, recorder, last_frame_at)
                select a.id, 0, 1, w.state, now() - make_interval(secs => 60 + 97 * w.number), w.cause, %s, now() - interval '5 s'
                from added a join wanted w on w.name = a.name
            )
            select id from added order by id""",
            names, places, [state for state, _ in dealt], [cause for _, cause in dealt], tag, RECORDER, RECORDER,
        )  # fmt: skip
        self.ids = [row["id"] for row in rows]

    def name_of(self, number: int, long_names: bool) -> str:
        """Each one has another name; with long ones, two of three have a hundred letters, with and without blanks."""
        if long_names and number % 3 == 0:
            return (f"{number + 1}" + "Longname" * 13)[:100]
        if long_names and number % 3 == 1:
            return (f"{number + 1} North-eastern gate of the second yard behind " * 3)[:100].strip()
        return f"{self.tag} {number + 1}"

    def keep_beating(self) -> None:
        """A recorder whose heart stands still is taken for dead by the others."""
        while not self.ended.wait(2):
            self.beat()

    def beat(self) -> None:
        self.home.rows(
            """insert into recorders (id, spool_id, heartbeat_at, version)
            values (%s, '00000000-0000-4000-8000-00000000c0de', now(), '1')
            on conflict (id) do update set heartbeat_at = now(), heartbeat = recorders.heartbeat + 1,
                fenced = false returning 1""",
            RECORDER,
        )

    def pictures(self, jpeg: bytes = PICTURE) -> None:
        """Each camera has a new picture."""
        self.home.rows(
            """insert into camera_snapshots (camera_id, taken_at, jpeg) select unnest(%s), now(), %s
            on conflict (camera_id) do update set taken_at = now(), jpeg = excluded.jpeg returning 1""",
            self.ids, jpeg,
        )  # fmt: skip

    def stir(self) -> None:
        """What waits changes for all of them, and the state of some."""
        self.home.rows(
            """insert into camera_backlog (camera_id, stream, waiting_ms) select unnest(%s), 0, random() * 20000
            on conflict (camera_id, stream) do update set waiting_ms = excluded.waiting_ms returning 1""",
            self.ids,
        )
        self.home.rows(
            """update camera_status set since = now(), state = case state when 'recording' then 'connecting' else 'recording' end
            where camera_id = any(%s) and random() < 0.03 returning 1""",
            self.ids,
        )

    def set(self, camera: int, state: str, cause: str | None = None) -> None:
        self.home.rows(
            "update camera_status set state = %s, cause = %s, since = now() where camera_id = %s returning 1", state, cause, camera
        )

    def remove(self) -> None:
        """As if it had never been."""
        self.ended.set()
        self.heart.join(10)
        ids = [row["id"] for row in self.home.rows("select id from cameras where %s = any(tags)", self.tag)]
        for table in ("camera_snapshots", "camera_backlog", "camera_status", "assignments", "camera_switches"):
            self.home.rows(f"delete from {table} where camera_id = any(%s) returning 1", ids)
        self.home.rows("delete from cameras where id = any(%s) returning 1", ids)
        self.home.rows(
            "delete from recorders where id = %s and not exists (select from assignments where recorder_id = %s) returning 1",
            RECORDER, RECORDER,
        )  # fmt: skip

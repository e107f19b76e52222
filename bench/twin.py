"""The twin of `GET /api/v1/cameras/` in FastAPI, asyncpg and pydantic: same token check, same query, same JSON but for the
digits of a second, where it writes what pydantic writes. With TWIN_MEMORY_MS it keeps written pages for so long, as
observer-web does for 250 ms: each is made once, and those who ask meanwhile wait for it."""

import asyncio
import datetime
import hashlib
import json
import os
import time
from contextlib import asynccontextmanager
from typing import Annotated

import asyncpg
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from pydantic import BaseModel, TypeAdapter


class Video(BaseModel):
    codec: str
    width: int
    height: int
    fps: float
    bitrate: int


class HealthNote(BaseModel):
    cause: str
    detail: str


class Status(BaseModel):
    state: str
    since: datetime.datetime
    cause: str | None
    detail: str | None
    recorder: str | None
    last_frame_at: datetime.datetime | None
    video: Video | None
    reconnects: int
    health: list[HealthNote]
    backlog_seconds: float


class Camera(BaseModel):
    id: int
    name: str
    location: str
    location_details: str | None
    url: str
    username: str | None
    is_active: bool
    version: int
    sub_url: str | None
    segment_seconds: int
    transport: str
    tls: str
    audio: str
    retention_days: int
    priority: int
    tags: list[str]
    status: Status
    created_at: datetime.datetime
    updated_at: datetime.datetime


PLAIN = [name for name in Camera.model_fields if name != "status"]


@asynccontextmanager
async def lifespan(app: FastAPI):
    # As many connections as observer-web has; with fewer, some of 16 clients starve.
    async with asyncpg.create_pool(os.environ["TWIN_DATABASE_URL"], min_size=12, max_size=12) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)

TOKEN = (
    "select role from api_tokens where hash = $1 and revoked_at is null and (expires_at is null or expires_at > now())"
)
# As observer-web does: a token that was found is believed for two seconds, and a revoked one works for as long.
MEMORY_SECONDS, MEMORY_LIMIT = 2.0, 1000
known: dict[bytes, tuple[str, float]] = {}
PAGE_SECONDS, PAGE_LIMIT = int(os.environ.get("TWIN_MEMORY_MS", "0")) / 1000, 64
pages: dict[tuple[str, int, int], tuple[asyncio.Task, float]] = {}
# The query that observer-web sends: what a camera is doing counts while its recorder is alive.
CAMERAS = """
select c.id, c.name, c.location, c.location_details, c.url, c.username, c.is_active, c.version, c.sub_url, c.segment_seconds,
       c.transport, c.tls, c.audio, c.retention_days, c.priority, c.tags, c.created_at, c.updated_at, d.state,
       case when f.fresh and d.state = s.state then s.since
            when d.state = 'unassigned' then coalesce(w.heartbeat_at, a.since)
            when d.state = 'off' and s.state = 'off' then s.since else c.updated_at end as since,
       case when f.fresh and d.state = s.state then s.cause when d.state = 'unassigned' then 'no_recorder' end as cause,
       case when f.fresh and d.state = s.state then s.detail
            when d.state = 'unassigned' then 'the recorder that had this camera is gone' end as detail,
       case when d.state <> 'off' then a.recorder_id end as recorder,
       s.last_frame_at, s.video_codec, s.width, s.height, s.fps, s.bitrate, coalesce(s.reconnects, 0) as reconnects,
       case when f.fresh and d.state = 'recording' then s.health::text else '[]' end as health,
       coalesce(b.waiting_ms, 0)::float8 / 1000 as backlog
from cameras c
left join camera_status s on s.camera_id = c.id and s.stream = 0
left join assignments a on a.camera_id = c.id
left join recorders w on w.id = a.recorder_id
cross join lateral (
    select coalesce(w.incarnation = a.incarnation and not w.fenced
                    and w.heartbeat_at > now() - interval '15 seconds', false) as alive) l
cross join lateral (select coalesce(l.alive and s.epoch = a.epoch, false) as fresh) f
cross join lateral (
    select case when c.is_active and f.fresh and s.state <> 'off' then s.state
                when c.is_active and (l.alive or a.recorder_id is null) then 'pending'
                when c.is_active then 'unassigned'
                when f.fresh and s.state in ('connecting', 'recording', 'retrying') then s.state
                else 'off' end as state) d
left join camera_backlog b on b.camera_id = c.id and b.stream = 0
where c.deleted_at is null and c.id > $1 order by c.id limit $2
"""


async def connection(request: Request):
    """One connection for the whole request: each time it is given back, asyncpg resets it with a query."""
    async with request.app.state.pool.acquire() as taken:
        yield taken


Database = Annotated[asyncpg.Connection, Depends(connection)]


def remembered_role(request: Request) -> tuple[str | None, bytes]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401)
    digest = hashlib.sha256(token.encode()).digest()
    remembered, until = known.get(digest, ("", 0.0))
    return (remembered if time.monotonic() < until else None), digest


async def stored_role(database: asyncpg.Connection, digest: bytes) -> str:
    found = await database.fetchval(TOKEN, digest)
    if not found:
        raise HTTPException(401)
    if len(known) >= MEMORY_LIMIT:
        known.clear()
    known[digest] = found, time.monotonic() + MEMORY_SECONDS
    return found


async def role(request: Request, database: Database) -> str:
    remembered, digest = remembered_role(request)
    return remembered or await stored_role(database, digest)


async def read(database: asyncpg.Connection, limit: int, after: int) -> list[Camera]:
    rows = await database.fetch(CAMERAS, after, min(limit, 500))
    return [Camera(**{name: row[name] for name in PLAIN}, status=status_of(row)) for row in rows]


async def write(pool: asyncpg.Pool, limit: int, after: int) -> bytes:
    async with pool.acquire() as database:
        return TypeAdapter(list[Camera]).dump_json(await read(database, limit, after))


if PAGE_SECONDS:

    @app.get("/api/v1/cameras/")
    async def kept_cameras(request: Request, limit: int = 100, after: int = 0) -> Response:
        found, digest = remembered_role(request)
        if not found:
            async with app.state.pool.acquire() as database:
                found = await stored_role(database, digest)
        key, now = (found, limit, after), time.monotonic()
        task, until = pages.get(key, (None, 0.0))
        if task is None or now >= until:
            task = asyncio.create_task(write(app.state.pool, limit, after))
            if len(pages) >= PAGE_LIMIT:
                pages.clear()
            pages[key] = task, now + PAGE_SECONDS
        return Response(await asyncio.shield(task), media_type="application/json")

else:

    @app.get("/api/v1/cameras/")
    async def cameras(
        database: Database, role: Annotated[str, Depends(role)], limit: int = 100, after: int = 0
    ) -> list[Camera]:
        return await read(database, limit, after)


def status_of(row: asyncpg.Record) -> Status:
    video = None
    if row["video_codec"]:
        video = Video(
            codec=row["video_codec"], width=row["width"], height=row["height"], fps=row["fps"], bitrate=row["bitrate"]
        )
    return Status(
        state=row["state"],
        since=row["since"],
        cause=row["cause"],
        detail=row["detail"],
        recorder=row["recorder"],
        last_frame_at=row["last_frame_at"],
        video=video,
        reconnects=row["reconnects"],
        health=json.loads(row["health"]),
        backlog_seconds=row["backlog"],
    )

"""What the comparisons of uploads share: spools that are filled without cameras, and a store that only counts."""

import hashlib
import json
import os
import subprocess
import time
import urllib.request
import uuid
from contextlib import contextmanager
from pathlib import Path

import common

CAMERAS = 100


def uuid7(milliseconds: int) -> str:
    bits = (milliseconds << 80) | (7 << 76) | (int.from_bytes(os.urandom(10), "big") & ((1 << 76) - 1))
    return str(uuid.UUID(int=(bits & ~(3 << 62)) | (2 << 62)))


class Spool:
    """A spool whose segments have the bytes that they are given."""

    def __init__(self, path: Path, spool_id: str, owner: tuple[int, int] | None = None):
        self.path, self.spool_id, self.owner = path, spool_id, owner
        self.run, self.count = str(uuid.uuid4()), 0

    @staticmethod
    def create(path: Path) -> "Spool":
        spool_id = str(uuid.uuid4())
        for name in ("open", "ready", "stored", "quarantine", "journal", "plans"):
            (path / name).mkdir(parents=True)
        (path / "VERSION").write_text("1\n")
        (path / "SPOOL_ID").write_text(f"{spool_id}\n")
        return Spool(path, spool_id)

    def sidecar(self, prefix: str, started: int, size: int, digest: str, camera: int) -> dict:
        identifier = uuid7(started)
        moment = time.gmtime(started / 1000)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", moment) + f".{started % 1000:03d}Z"
        key = f"{prefix}/{camera}/main/{time.strftime('%Y/%m/%d/%H', moment)}/{started}-1-{identifier}.mp4"
        self.count += 1
        return {
            "v": 2,
            "id": identifier,
            "camera_id": camera,
            "stream": "main",
            "epoch": 1,
            "run": self.run,
            "sequence": self.count,
            "spool_id": self.spool_id,
            "recorder": "bench",
            "started_at": stamp,
            "duration_ms": 10_000,
            "bytes": size,
            "sha256": digest,
            "init_bytes": min(800, size),
            "init_sha256": digest,
            "media_start_90k": self.count * 900_000,
            "media_duration_90k": 900_000,
            "frames": 250,
            "codecs": "avc1.64001f",
            "width": 1280,
            "height": 720,
            "has_audio": False,
            "end_reason": "duration",
            "flags": [],
            "object_key": key,
        }

    def link(self, prefix: str, source: Path, digest: str, started: int, camera: int) -> dict:
        """Commits a segment whose bytes are those of another file."""
        sidecar = self.sidecar(prefix, started, source.stat().st_size, digest, camera)
        os.link(source, self.path / "ready" / f"{sidecar['id']}.mp4")
        return self.commit(sidecar)

    def write(self, prefix: str, content: bytes, digest: str, started: int, camera: int) -> dict:
        """Commits a segment as a recorder does: the rename of the sidecar is the commit."""
        sidecar = self.sidecar(prefix, started, len(content), digest, camera)
        (self.path / "ready" / f"{sidecar['id']}.mp4").write_bytes(content)
        return self.commit(sidecar)

    def commit(self, sidecar: dict) -> dict:
        name = f"{sidecar['id']}.json"
        draft = self.path / "open" / name
        draft.write_text(json.dumps(sidecar))
        if self.owner:
            os.chown(self.path / "ready" / f"{sidecar['id']}.mp4", *self.owner)
            os.chown(draft, *self.owner)
        draft.rename(self.path / "ready" / name)
        return sidecar

    def fill(self, prefix: str, count: int, size: int) -> None:
        """Commits so many segments, the last one a minute ago; one in four seconds for each of a hundred cameras."""
        content = os.urandom(size)
        digest = hashlib.sha256(content).hexdigest()
        newest = int(time.time() * 1000) - 60_000
        for number in range(count):
            self.write(prefix, content, digest, newest - (count - number) * 40, 1 + number % CAMERAS)


class Sink:
    """A store that takes everything and keeps nothing (sink.c), at a pace of so many bytes a second, or as fast as it comes."""

    def __init__(self, port: int, rate: int = 0, host: str = "127.0.0.1", command: tuple[str, ...] = (), delay: int = 0):
        common.WORK.mkdir(parents=True, exist_ok=True)
        binary = common.WORK / "sink"
        source = Path(__file__).parent / "sink.c"
        flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-pthread"]
        subprocess.run(["gcc", *flags, "-o", str(binary), str(source)], check=True)
        self.journal = common.WORK / "sink.log"
        self.url = f"http://{host}:{port}"
        environment = os.environ | {"SINK_HOST": host} | ({"SINK_DELAY_MS": str(delay)} if delay else {})
        self.process = subprocess.Popen([*command, str(binary), str(port), str(rate), str(self.journal)], env=environment)

    def counts(self) -> dict[str, int]:
        """Objects, the bytes of their bodies, and the bytes of all bodies that arrived."""
        for _ in range(100):
            try:
                with urllib.request.urlopen(f"{self.url}/counts", timeout=5) as response:
                    return json.load(response)
            except OSError:
                if self.process.poll() is not None:
                    raise
                time.sleep(0.05)
        raise TimeoutError("the sink does not answer")

    def arrivals(self) -> list[tuple[float, str]]:
        """Moments (of the monotonic clock) and paths of the objects."""
        self.counts()
        lines = (line.split() for line in self.journal.read_text().splitlines())
        return [(float(parts[0]), parts[1]) for parts in lines if len(parts) == 2]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


class Uploader:
    """observer-upload as it is shipped, on a spool and a store of the comparison."""

    def __init__(self, options, spool: Spool, store, broker: str, **settings: str):
        environment = {name: text for name, text in os.environ.items() if not name.startswith(("OBSERVER_", "AWS_"))}
        environment |= {
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench-secret",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_S3": store.url,
            "OBSERVER_S3_BUCKET": "bench",
            "OBSERVER_SPOOL": str(spool.path),
            "OBSERVER_DATABASE_URL": options.database,
            "OBSERVER_AMQP_URL": broker,
        }
        environment |= settings
        self.log = common.WORK / "upload.log"
        self.started = time.monotonic()
        with self.log.open("w") as log:
            program = Path(options.programs) / "observer-upload"
            self.process = subprocess.Popen([str(program)], env=environment, stderr=log, stdin=subprocess.DEVNULL)

    def memory(self) -> dict[str, float]:
        """Megabytes: the most so far, and now."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        return {name: int(fields[name].split()[0]) / 1024 for name in ("VmHWM", "VmRSS")}

    def cpu(self) -> float:
        return common.cpu_seconds(self.process.pid)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def add_place(parser) -> None:
    """The options for database, broker and programs."""
    parser.add_argument("--database", help="that of an Observer of its own without this")
    parser.add_argument("--broker")
    parser.add_argument("--programs", default=str(common.REPOSITORY / ".build" / "release"))


@contextmanager
def place(options):
    """Database and broker: those of the options, or those of an Observer that is started for the time."""
    if options.database:
        yield None
        return
    home = common.start_home()
    try:
        facts = home.environment()
        options.database, options.broker = facts["OBSERVER_DATABASE_URL"], facts["OBSERVER_AMQP_URL"]
        home.stop("upload")
        yield home
    finally:
        home.observer("down", check=False)


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("inf")


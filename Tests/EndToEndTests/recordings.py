"""A server with recordings that were never recorded: the list, the timeline and the files of cameras, as the player asks for
them, made from a clip whose frames carry their number as painted squares. Days of video, five minutes of 20 Mbit/s in one file,
gaps, other sizes and codecs cost nothing: each file is put together while it is read."""

import json
import re
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from home import REPOSITORY
from moments import moment, rfc3339

sys.path.insert(0, str(REPOSITORY / "Tests" / "cameras"))
from clip import NAL_IDR, NAL_PPS, NAL_SLICE, NAL_SPS, nals_of, squares  # noqa: E402

FPS, BITS, SQUARE = 25, 8, 32
LOOP = 200  # frames until the numbers begin anew
TICKS = 90_000 // FPS
ZERO = 1_790_000_000  # a second at which a painted number is 0 (and a multiple of LOOP / FPS)
STATIC = REPOSITORY / "templates" / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def painted(width: int, height: int, profile: str, folder: Path) -> Path:
    """A clip in which frame n shows n as BITS squares along its upper edge, the lowest bit first."""
    path = folder / f"painted-{width}x{height}-{profile}.h264"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        source = f"testsrc2=size={width}x{height}:rate={FPS},{squares(BITS, SQUARE)}"
        command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", f"{source},format=yuv420p"]
        encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-profile:v", profile, "-bf", "0", "-g", str(FPS)]
        exact = ["-keyint_min", str(FPS), "-sc_threshold", "0", "-frames:v", str(LOOP), "-f", "h264", f"{path}.part"]
        subprocess.run([*command, *encoder, *exact], check=True)
        Path(f"{path}.part").rename(path)
    return path


def tone(folder: Path) -> list[bytes]:
    """Eight seconds of AAC at 8 kHz, as frames of 1024 samples."""
    path = folder / "tone.adts"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        source = ["-f", "lavfi", "-i", "sine=440:sample_rate=8000:duration=8"]
        coder = ["-c:a", "aac", "-f", "adts"]
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *source, *coder, str(path)], check=True)
    data, frames, at = path.read_bytes(), [], 0
    while at + 7 <= len(data):
        length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        frames.append(data[at + 7 : at + length])
        at += length
    return frames


def first_sound(second: int) -> int:
    """The number of the first piece of 1024 samples that begins in a second."""
    return -(-second * 8000 // 1024)


def box(kind: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind.encode() + body


def full(kind: str, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@dataclass
class Clip:
    """A painted clip, cut into frames with lengths in front, and its init section."""

    width: int
    height: int
    profile: str
    folder: Path
    frames: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        sets: dict[int, bytes] = {}
        for nal in nals_of(painted(self.width, self.height, self.profile, self.folder).read_bytes()):
            kind = nal[0] & 0x1F
            if kind in (NAL_SPS, NAL_PPS):
                sets.setdefault(kind, nal)
            elif kind in (NAL_SLICE, NAL_IDR):
                unit = struct.pack(">I", len(nal)) + nal
                if nal[1] & 0x80:
                    self.frames.append(unit)
                else:
                    self.frames[-1] += unit
        self.sps, self.pps = sets[NAL_SPS], sets[NAL_PPS]
        self.codec = f"avc1.{self.sps[1:4].hex()}"

    def init(self, has_sound: bool) -> bytes:
        sets = [bytes([0xE1]), struct.pack(">H", len(self.sps)), self.sps, b"\x01", struct.pack(">H", len(self.pps)), self.pps]
        record = box("avcC", b"\x01", self.sps[1:4], b"\xff", *sets)
        entry = box("avc1", bytes(6), b"\0\1", bytes(16), struct.pack(">HHII", self.width, self.height, 0x480000, 0x480000))
        entry = entry[8:] + struct.pack(">IH", 0, 1) + bytes(32) + struct.pack(">Hh", 24, -1) + record
        tracks = [track(1, 90_000, "vide", full("vmhd", 0, 1, bytes(8)), box("avc1", entry), self.width, self.height)]
        if has_sound:
            config = bytes([0x15, 0x88])  # AAC-LC, 8 kHz, one channel
            specific = b"\x05" + bytes([len(config)]) + config
            decoder = b"\x04" + bytes([13 + len(specific)]) + b"\x40\x15" + bytes(11) + specific
            stream = b"\x03" + bytes([3 + len(decoder) + 3]) + b"\0\1\0" + decoder + b"\x06\x01\x02"
            sound = bytes(6) + b"\0\1" + bytes(8) + struct.pack(">HHIHH", 1, 16, 0, 8000, 0) + full("esds", 0, 0, stream)
            tracks.append(track(2, 8000, "soun", full("smhd", 0, 0, bytes(4)), box("mp4a", sound), 0, 0))
        extends = [full("trex", 0, 0, struct.pack(">5I", number + 1, 1, 0, 0, 0)) for number in range(len(tracks))]
        head = full("mvhd", 0, 0, struct.pack(">4I", 0, 0, 1000, 0), struct.pack(">IH", 0x10000, 0x100), bytes(10), MATRIX, bytes(24), struct.pack(">I", 3))
        return box("ftyp", b"iso6", bytes(4), b"iso6cmfc") + box("moov", head, *tracks, box("mvex", *extends))


def track(number: int, timescale: int, handler: str, kind: bytes, entry: bytes, width: int, height: int) -> bytes:
    head = full("tkhd", 0, 3, struct.pack(">5I", 0, 0, number, 0, 0), bytes(16), MATRIX, struct.pack(">II", width << 16, height << 16))
    data = box("dinf", full("dref", 0, 0, struct.pack(">I", 1), full("url ", 0, 1)))
    empty = [full("stts", 0, 0, bytes(4)), full("stsc", 0, 0, bytes(4)), full("stsz", 0, 0, bytes(8)), full("stco", 0, 0, bytes(4))]
    table = box("stbl", full("stsd", 0, 0, struct.pack(">I", 1), entry), *empty)
    times = full("mdhd", 0, 0, struct.pack(">4IHH", 0, 0, timescale, 0, 0x55C4, 0))
    return box("trak", head, box("mdia", times, full("hdlr", 0, 0, bytes(4), handler.encode(), bytes(13)), box("minf", kind, data, table)))


@dataclass
class Recording:
    """One recording of `seconds` from a second on, whose file is put together a second at a time."""

    number: int
    start: int
    seconds: int
    clip: Clip
    state: str = "stored"
    codecs: str = ""
    sound: list[bytes] = field(default_factory=list)
    sound_seconds: int = 0
    fragment_bytes: int = 0  # padded to this by filler
    trouble: int = 0  # a status that its file is answered with
    damaged_from: int = 0

    def __post_init__(self) -> None:
        self.id = f"{int(self.start * 1000):012x}"[:8] + "-" + f"{int(self.start * 1000):012x}"[8:] + f"-7000-8000-{self.number:012x}"
        self.init = self.clip.init(bool(self.sound))
        self.offsets = [len(self.init)]
        for second in range(self.seconds):
            size = self.fragment_bytes
            if not size:
                frames, sounds = self.samples(second)
                size = 32 + self.head_bytes(len(sounds)) + 8 + sum(map(len, frames)) + sum(map(len, sounds))
            self.offsets.append(self.offsets[-1] + size)

    def samples(self, second: int) -> tuple[list[bytes], list[bytes]]:
        """The frames of a second, and the pieces of sound that begin in it."""
        first = (self.start + second - ZERO) * FPS
        frames = [self.clip.frames[(first + index) % LOOP] for index in range(FPS)]
        if second >= self.sound_seconds:
            return frames, []
        sounds = range(first_sound(second), first_sound(second + 1))
        return frames, [self.sound[index % len(self.sound)] for index in sounds]

    def fragment(self, second: int) -> bytes:
        frames, sounds = self.samples(second)
        if self.fragment_bytes:
            rest = self.fragment_bytes - sum(map(len, frames)) - 32 - self.head_bytes(0) - 8
            each = rest // FPS
            pad = [each] * (FPS - 1) + [rest - each * (FPS - 1)]
            frames = [frame + struct.pack(">I", size - 4) + b"\x0c" + b"\xff" * (size - 6) + b"\x80" for frame, size in zip(frames, pad)]
        size = self.head_bytes(len(sounds))
        video = self.traf(1, (1000 + second) * 90_000, [(TICKS, frame, index == 0) for index, frame in enumerate(frames)], size + 8)
        audio = b""
        if sounds:
            place = size + 8 + sum(map(len, frames))
            audio = self.traf(2, 8_000_000 + first_sound(second) * 1024, [(1024, frame, True) for frame in sounds], place)
        wall = self.start + second
        reference = full("prft", 1, 24, struct.pack(">IIIQ", 1, wall + 2_208_988_800, 0, (1000 + second) * 90_000))
        return reference + box("moof", full("mfhd", 0, 0, struct.pack(">I", second + 1)), video, audio) + box("mdat", *frames, *sounds)

    @staticmethod
    def head_bytes(sounds: int) -> int:
        return 8 + 16 + 8 + 16 + 20 + 20 + 12 * FPS + (8 + 16 + 20 + 20 + 12 * sounds if sounds else 0)

    @staticmethod
    def traf(number: int, time: int, samples: list, place: int) -> bytes:
        rows = [struct.pack(">III", duration, len(data), 0x2000000 if is_key else 0x1010000) for duration, data, is_key in samples]
        run = full("trun", 1, 0x701, struct.pack(">II", len(samples), place), *rows)
        return box("traf", full("tfhd", 0, 0x20000, struct.pack(">I", number)), full("tfdt", 1, 0, struct.pack(">Q", time)), run)

    @property
    def bytes(self) -> int:
        return self.offsets[-1]

    def read(self, begin: int, end: int):
        """The bytes of a range, a fragment at a time."""
        if begin < len(self.init):
            yield self.init[begin:end]
        for second in range(self.seconds):
            low, high = self.offsets[second], self.offsets[second + 1]
            if high <= begin or low >= end:
                continue
            data = self.fragment(second)
            if self.damaged_from and second >= self.damaged_from:
                data = b"\xa5" * len(data)
            yield data[max(0, begin - low) : end - low]

    def row(self, camera: int) -> dict:
        return {
            "id": self.id,
            "camera_id": camera,
            "started_at": rfc3339(self.start),
            "duration_ms": self.seconds * 1000,
            "bytes": self.bytes,
            "state": self.state,
            "codecs": self.codecs or self.clip.codec + (",mp4a.40.2" if self.sound else ""),
            "width": self.clip.width,
            "height": self.clip.height,
            "frames": self.seconds * FPS,
            "flags": [],
            "error": "its bytes are gone" if self.state == "lost" else None,
        }


class Recordings:
    """The server. `cameras` has each camera's recordings in order, `gaps` what the timeline says of it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.cameras: dict[int, list[Recording]] = {}
        self.gaps: dict[int, list[dict]] = {}
        self.off: dict[int, list[dict]] = {}
        self.sent: list[tuple[str, int, int]] = []
        self.delay = 0.0
        self.clips: dict[tuple, Clip] = {}
        self.numbers = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_) -> None:
                pass

            def do_GET(self) -> None:
                try:
                    outer.answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        # A browser that does not want the rest ends the connection.
        self.server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def clip(self, width: int = 640, height: int = 360, profile: str = "main") -> Clip:
        key = (width, height, profile)
        if key not in self.clips:
            self.clips[key] = Clip(width, height, profile, self.folder)
        return self.clips[key]

    def add(self, camera: int, start: int, seconds: int, **options) -> Recording:
        self.numbers += 1
        clip = options.pop("clip", None) or self.clip()
        recording = Recording(self.numbers, ZERO + start, seconds, clip, **options)
        self.cameras.setdefault(camera, []).append(recording)
        return recording

    def end(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    # MARK: Answers

    def answer(self, http: BaseHTTPRequestHandler) -> None:
        url = urlsplit(http.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        parts = url.path.split("/")
        if url.path == "/":
            return self.send(http, 200, "text/html", TRY_PAGE)
        if url.path == "/together":
            return self.send(http, 200, "text/html", together_page([int(number) for number in parse_qs(url.query)["camera"]], query["at"]))
        if url.path.startswith("/api/v1/controller/static/"):
            path = STATIC / parts[-1]
            return self.send(http, 200, TYPES[path.suffix], path.read_bytes()) if path.exists() else self.send(http, 404, "text/plain", b"")
        if parts[:3] != ["", "api", "v1"]:
            return self.send(http, 404, "text/plain", b"")
        if parts[3] == "segments":
            return self.send_file(http, parts[4].removesuffix(".mp4"))
        rows = self.list(int(parts[4]), query) if parts[5] == "segments" else self.timeline(int(parts[4]), query)
        self.send(http, 200, "application/json", json.dumps(rows).encode())

    def list(self, camera: int, query: dict) -> list[dict]:
        start = moment(query["from"]) if "from" in query else 0
        end = moment(query["to"]) if "to" in query else float("inf")
        wanted = query.get("expired") == "true"
        found = [
            recording
            for recording in sorted(self.cameras.get(camera, []), key=lambda one: one.start)
            if recording.start < end and recording.start + recording.seconds > start and (recording.state == "expired") == wanted
        ]
        if query.get("order") == "newest":
            found.reverse()
        return [recording.row(camera) for recording in found[: int(query.get("limit", 500))]]

    def timeline(self, camera: int, query: dict) -> dict:
        span = {"from": query["from"], "to": query["to"]}
        wanted = [] if camera in self.off else [span]
        return span | {"wanted": wanted, "covered": [], "gaps": self.gaps.get(camera, []), "unexplained": [], "waiting": [], "held": []}

    def send_file(self, http: BaseHTTPRequestHandler, id: str) -> None:
        recording = next(one for list_ in self.cameras.values() for one in list_ if one.id == id)
        if recording.trouble:
            problem = {"detail": "The recording is still on another machine, on its way to the store."}
            return self.send(http, recording.trouble, "application/problem+json", json.dumps(problem).encode())
        size, wanted = recording.bytes, http.headers.get("Range")
        begin, _, end = (wanted or "bytes=0-").removeprefix("bytes=").partition("-")
        begin, end = int(begin), min(int(end or size), size - 1) + 1
        http.send_response(206 if wanted else 200)
        http.send_header("Content-Type", "video/mp4")
        http.send_header("Content-Length", str(end - begin))
        if wanted:
            http.send_header("Content-Range", f"bytes {begin}-{end - 1}/{size}")
        http.end_headers()
        self.sent.append((id, begin, end))
        for data in recording.read(begin, end):
            http.wfile.write(data)

    @staticmethod
    def send(http: BaseHTTPRequestHandler, status: int, kind: str, body: bytes) -> None:
        http.send_response(status)
        http.send_header("Content-Type", kind)
        http.send_header("Content-Length", str(len(body)))
        http.end_headers()
        http.wfile.write(body)


# A page with one video. `shown()` reads the number that is painted into the picture.
TRY_PAGE = (
    b"""<!DOCTYPE html><meta charset="utf-8"><title>Playback</title>
<video id="video" muted playsinline width="640" height="360"></video><pre id="log"></pre>
<script type="module">
import { Playback } from "/api/v1/controller/static/playback.js";
const video = document.getElementById("video");
const canvas = document.createElement("canvas");
window.Playback = Playback;
window.start = (camera, options = {}) => {
  window.player?.destroy();
  window.states = [];
  window.player = new Playback(video, { camera, ...options });
  player.addEventListener("state", ({ detail }) => states.push({ ...detail, at: player.time }));
};
window.shown = (element = video) => {
  const width = element.videoWidth, square = 32;
  [canvas.width, canvas.height] = [256, 32];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(element, 0, 0, 256, 32, 0, 0, 256, 32);
  let number = 0;
  for (let bit = 0; bit < 8; bit += 1) {
    const pixel = context.getImageData(bit * square + 16, 16, 1, 1).data;
    if (pixel[0] > 128) number |= 1 << bit;
  }
  return width ? number : null;
};
window.until = (check, limit = 5000) => new Promise((done, failed) => {
  const begun = performance.now();
  const look = () => {
    if (check()) return done(performance.now() - begun);
    if (performance.now() - begun > limit) return failed(new Error(`${check}: ${player.state} ${player.text} ${player.time}`));
    setTimeout(look, 5);
  };
  look();
});
window.isReady = true;
</script>"""
)


def together_page(cameras: list[int], at: str) -> bytes:
    """The page of several cameras, as far as its script needs it."""
    controls = (REPOSITORY / "templates" / "partials" / "player-controls.mustache").read_text()
    controls = re.sub(r"\{\{[#/]\w+\}\}|\{\{\w+\}\}", "", controls)
    tiles = "".join(
        f'<li class="tile" data-number="{camera}" data-name="Camera {camera}"><div class="tile-picture">'
        f'<p class="stage-state" data-state hidden></p></div></li>'
        for camera in cameras
    )
    return (
        '<!DOCTYPE html><meta charset="utf-8"><title>Together</title>'
        '<link rel="stylesheet" href="/api/v1/controller/static/observer.css">'
        f'<main><div class="together" data-together data-at="{at}"><ul class="together-tiles" data-count="{len(cameras)}">{tiles}</ul>'
        f'{controls}<div data-strips hidden></div></div></main>'
        '<script type="module" src="/api/v1/controller/static/together.js"></script>'
    ).encode()

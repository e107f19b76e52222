"""Films that odd cameras play: small, made once with ffmpeg, kept as NAL units by picture."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from clip import counter_nal, nals_of

H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "main", "-bf", "0", "-sc_threshold", "0"]
RECIPES = {
    # name: size, frames a second, frames to a key frame, frames, encoder
    "plain": ("128x96", 10, 10, 100, H264),
    "other": ("160x96", 10, 10, 100, H264),
    "fast": ("128x96", 25, 25, 250, H264),
    "quick-keys": ("128x96", 10, 2, 100, H264),
    "quick-keys-other": ("160x96", 10, 2, 100, H264),
    "long": ("128x96", 10, 100, 200, H264),
    "minute": ("128x96", 10, 600, 600, H264),
    "keys": ("128x96", 10, 1, 60, H264),
    "refresh": ("128x96", 10, 40, 600, [*H264, "-x264-params", "intra-refresh=1"]),
    "slices": ("128x96", 10, 10, 100, [*H264, "-slices", "3"]),
    "reordered": ("128x96", 25, 25, 250, [*H264[:4], "-profile:v", "high", "-bf", "2", "-b_strategy", "0", "-x264-params", "open-gop=0"]),
    "hevc": ("128x96", 10, 10, 100, []),
    "hevc-long": ("128x96", 10, 60, 120, []),
}


@dataclass
class Shot:
    is_key: bool
    units: list[bytes]
    shown: int  # its place in the order of display


class Film:
    """A film that runs in a loop."""

    def __init__(self, name: str, folder: Path):
        size, self.fps, self.gop, frames, encoder = RECIPES[name]
        self.name, self.is_hevc = name, name.startswith("hevc")
        suffix = "h265" if self.is_hevc else "h264"
        movie, plain = folder / f"odd-{name}.mp4", folder / f"odd-{name}.{suffix}"
        if not plain.exists():
            folder.mkdir(parents=True, exist_ok=True)
            if self.is_hevc:
                keys = f"keyint={self.gop}:min-keyint={self.gop}:scenecut=0:bframes=0:open-gop=0:log-level=error"
                encoder = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", keys]
            source = f"testsrc2=size={size}:rate={self.fps},format=yuv420p"
            rate = ["-b:v", "60k", "-maxrate", "60k", "-bufsize", "60k", "-threads", "1"]
            rhythm = ["-frames:v", str(frames), "-g", str(self.gop), "-keyint_min", str(self.gop)]
            ffmpeg("-f", "lavfi", "-i", source, *rhythm, *encoder, *rate, movie)
            ffmpeg("-i", movie, "-c", "copy", "-bsf:v", f"{'hevc' if self.is_hevc else 'h264'}_mp4toannexb", plain)
        self.sets: dict[int, bytes] = {}
        self.shots: list[Shot] = []
        self.read(plain.read_bytes())
        if name == "reordered":
            self.order(movie)
        # Frames are sent in the order of decoding; so far behind is what is shown.
        self.delay = max(index - shot.shown for index, shot in enumerate(self.shots))

    def read(self, data: bytes) -> None:
        waiting: list[bytes] = []
        for unit in nals_of(data):
            kind = self.kind(unit)
            if kind in ((32, 33, 34) if self.is_hevc else (7, 8)):
                self.sets.setdefault(kind, unit)
            elif not self.is_hevc and kind == 6 and unit[1] == 6:
                waiting.append(unit)  # a recovery point
            elif kind < 32 if self.is_hevc else kind in (1, 5):
                if unit[2 if self.is_hevc else 1] & 0x80:
                    is_key = 16 <= kind <= 21 if self.is_hevc else kind == 5
                    self.shots.append(Shot(is_key, waiting, len(self.shots)))
                    waiting = []
                self.shots[-1].units.append(unit)

    def order(self, movie: Path) -> None:
        """Learns the order of display from the times of the packets."""
        command = ["ffprobe", "-v", "error", "-show_entries", "packet=pts", "-of", "json", str(movie)]
        found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        times = [int(packet["pts"]) for packet in found["packets"]]
        place = {time: index for index, time in enumerate(sorted(times))}
        for shot, time in zip(self.shots, times):
            shot.shown = place[time]

    def kind(self, unit: bytes) -> int:
        return (unit[0] >> 1) & 0x3F if self.is_hevc else unit[0] & 0x1F

    def shot(self, index: int) -> Shot:
        return self.shots[index % len(self.shots)]

    def shown(self, index: int) -> int:
        """The place of a frame in the order of display, counted on over the end of the film."""
        return index - index % len(self.shots) + self.shot(index).shown + self.delay

    def units(self, index: int, counter: int) -> list[bytes]:
        """Parameter sets where there is a key frame, the counter, and the slices."""
        shot = self.shot(index)
        sets = [self.sets[kind] for kind in sorted(self.sets)] if shot.is_key else []
        note = counter_nal(counter)
        return [*sets, b"\x4e\x01" + note[1:] if self.is_hevc else note, *shot.units]

    def parts(self, unit: bytes, limit: int) -> list[bytes]:
        """The RTP payloads of a unit: itself, or its fragments (RFC 6184, 5.8; RFC 7798, 4.4.3)."""
        if len(unit) <= limit:
            return [unit]
        if self.is_hevc:
            head, body = bytes([(unit[0] & 0x81) | 49 << 1, unit[1]]), unit[2:]
        else:
            head, body = bytes([(unit[0] & 0xE0) | 28]), unit[1:]
        pieces = [body[at : at + limit] for at in range(0, len(body), limit)]
        flags = [0x80, *[0] * (len(pieces) - 2), 0x40]
        return [head + bytes([flag | self.kind(unit)]) + piece for flag, piece in zip(flags, pieces)]


def ffmpeg(*arguments: object) -> None:
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, timeout=120)

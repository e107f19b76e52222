"""Sounds of odd cameras: packets of one codec as RTP carries them, and the lines that describe them."""

import struct
from dataclasses import dataclass
from pathlib import Path

from .film import ffmpeg

AAC = "streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config={}"


@dataclass
class Sound:
    """A sound that runs in a loop."""

    kind: int  # the payload type
    lines: list[str]
    clock: int  # RTP ticks a second
    ticks: int  # of one packet
    packets: list[bytes]

    @property
    def seconds(self) -> float:
        return self.ticks / self.clock


def make(name: str, folder: Path) -> Sound:
    return RECIPES[name](folder)


def tone(folder: Path, name: str, rate: int, *encoder: object) -> bytes:
    path = folder / f"odd-{name}"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        ffmpeg("-f", "lavfi", "-i", f"sine=f=500:r={rate}", "-t", 10, "-ac", 1, "-ar", rate, *encoder, path)
    return path.read_bytes()


def aac_frames(folder: Path, rate: int) -> list[bytes]:
    data, frames, at = tone(folder, f"{rate}.aac", rate, "-c:a", "aac", "-b:a", "24k", "-f", "adts"), [], 0
    while at + 7 < len(data):
        size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        frames.append(data[at + 7 : at + size])
        at += size
    return frames


def aac(folder: Path, rate: int = 16000, told: int = 16000, config: str = "1408") -> Sound:
    """AAC of one `rate`, `told` as another."""
    packets = [b"\x00\x10" + struct.pack(">H", len(frame) << 3) + frame for frame in aac_frames(folder, rate)]
    lines = [f"a=rtpmap:97 MPEG4-GENERIC/{told}/1", f"a=fmtp:97 {AAC.format(config)}"]
    return Sound(97, lines, rate, 1024, packets)


def opus(folder: Path) -> Sound:
    data = tone(folder, "48000.ogg", 48000, "-c:a", "libopus", "-b:a", "24k")
    packets, at, pending = [], 0, b""
    while at < len(data):
        # An Ogg page (RFC 3533, 6): a table of lacing values, and what they measure.
        count = data[at + 26]
        table, at = data[at + 27 : at + 27 + count], at + 27 + count
        for size in table:
            pending, at = pending + data[at : at + size], at + size
            if size < 255:
                packets, pending = [*packets, pending], b""
    return Sound(97, ["a=rtpmap:97 opus/48000/2"], 48000, 960, packets[2:])


def mp3(folder: Path) -> Sound:
    """MPEG-2 layer III of 24 kHz, whose frames at 32 kbit/s have 96 bytes; RFC 2250, 3.5."""
    data = tone(folder, "24000.mp3", 24000, "-c:a", "libmp3lame", "-b:a", "32k", "-write_xing", 0, "-id3v2_version", 0)
    frames = [data[at : at + 96] for at in range(0, len(data) - 96, 96)]
    return Sound(14, ["a=rtpmap:14 MPA/90000"], 90000, 2160, [bytes(4) + frame for frame in frames])


def g711(folder: Path, kind: int, encoder: str) -> Sound:
    data = tone(folder, f"8000.{encoder}", 8000, "-c:a", f"pcm_{encoder}", "-f", encoder)
    return Sound(kind, [], 8000, 320, [data[at : at + 320] for at in range(0, len(data) - 320, 320)])


def linear(folder: Path) -> Sound:
    data = tone(folder, "8000.s16be", 8000, "-c:a", "pcm_s16be", "-f", "s16be")
    packets = [data[at : at + 640] for at in range(0, len(data) - 640, 640)]
    return Sound(98, ["a=rtpmap:98 L16/8000/1"], 8000, 320, packets)


def g726(folder: Path) -> Sound:
    data = tone(folder, "8000.g726", 8000, "-c:a", "g726le", "-b:a", "32k", "-f", "g726le")
    return Sound(99, ["a=rtpmap:99 G726-32/8000"], 8000, 320, [data[at : at + 160] for at in range(0, len(data) - 160, 160)])


RECIPES = {
    "aac": aac,
    "aac-8k": lambda folder: aac(folder, 8000, 8000, "1588"),
    "aac-8k-told-as-16k": lambda folder: aac(folder, 8000, 16000, "1408"),
    "opus": opus,
    "mp3": mp3,
    "mu-law": lambda folder: g711(folder, 0, "mulaw"),
    "a-law": lambda folder: g711(folder, 8, "alaw"),
    "linear": linear,
    "g726": g726,
}

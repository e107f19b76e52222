"""Clips for the camera simulator: made once with ffmpeg, cut into access units, packed as RTP payloads (RFC 6184).

Every access unit gets a place for an SEI "user data unregistered" NAL with a fixed UUID and a 12-digit frame
counter, so that the frames of a recording can be counted by looking for `MARK` in its bytes: nothing has to be
decoded.
"""

import base64
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

UUID = b"ObserverFrameCnt"  # sixteen bytes, none of them zero: no emulation prevention can split them
MARK = re.compile(re.escape(UUID) + rb"(\d{12})")
# The same in an MP4, as a unit of its own with its length in front: not the copy of one that a damaged frame may contain.
UNIT_MARK = re.compile(rb"\x00\x00\x00(?:\x20\x06|\x21\x4e\x01)\x05\x1c" + re.escape(UUID) + rb"(\d{12})")
MAX_PAYLOAD = 1400
NAL_SLICE, NAL_IDR, NAL_SEI, NAL_SPS, NAL_PPS, NAL_AUD = 1, 5, 6, 7, 8, 9


def counter_nal(counter: int) -> bytes:
    """The SEI NAL that carries `counter`: type 6, payload type 5, 28 bytes, stop bit."""
    return b"\x06\x05\x1c" + UUID + b"%012d" % counter + b"\x80"


def counters_in(data: bytes, mark: re.Pattern = MARK) -> list[int]:
    """Every frame counter in the bytes of a recording, in their order."""
    return [int(match) for match in mark.findall(data)]


@dataclass(frozen=True)
class ClipSpec:
    """What a clip is: `640x360@25,2000k,g25` is width x height @ frames a second, bit rate, frames to a key frame. With
    `,painted` each frame shows its number in the clip, as eight squares along the upper edge, the lowest bit first."""

    width: int
    height: int
    fps: int
    kbits: int
    gop: int
    seconds: int = 8
    is_painted: bool = False

    @staticmethod
    def parse(text: str) -> "ClipSpec":
        match = re.fullmatch(r"(\d+)x(\d+)@(\d+),(\d+)k,g(\d+)(,painted)?", text)
        if not match:
            raise ValueError(f"a clip is WIDTHxHEIGHT@FPS,KBITSk,gGOP, not {text!r}")
        return ClipSpec(*(int(group) for group in match.groups()[:5]), is_painted=match[6] is not None)

    @property
    def file_name(self) -> str:
        painted = "-painted" if self.is_painted else ""
        return f"{self.width}x{self.height}-{self.fps}-{self.kbits}k-g{self.gop}-{self.seconds}s{painted}.h264"

    @property
    def filters(self) -> str:
        """What the picture is made of."""
        return f"noise=alls=24:allf=t{',' + squares() if self.is_painted else ''},format=yuv420p"


def squares(bits: int = 8, size: int = 32) -> str:
    """The filter of ffmpeg that paints a frame's number."""
    ground = f"drawbox=w={bits * size}:h={size}:color=black:t=fill"
    each = f"w={size}:h={size}:color=white:t=fill"
    paint = [f"drawbox=x={bit * size}:{each}:enable='mod(floor(n/{2**bit}),2)'" for bit in range(bits)]
    return ",".join([ground, *paint])


def make(spec: ClipSpec, folder: Path) -> Path:
    """Encodes the clip unless it is there: constant bit rate, no B-frames, whole closed groups of pictures."""
    path = folder / spec.file_name
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    groups = max(1, spec.seconds * spec.fps // spec.gop)
    # Two simulators may make the same clip at once.
    partial = path.with_suffix(f".{os.getpid()}.part")
    subprocess.run(
        [
            "ffmpeg",
            "-hide_banner",
            "-loglevel",
            "error",
            "-nostdin",
            "-y",
            "-f",
            "lavfi",
            "-i",
            f"testsrc2=size={spec.width}x{spec.height}:rate={spec.fps},{spec.filters}",
            "-frames:v",
            str(groups * spec.gop),
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-profile:v",
            "main",
            "-bf",
            "0",
            "-g",
            str(spec.gop),
            "-keyint_min",
            str(spec.gop),
            "-sc_threshold",
            "0",
            "-b:v",
            f"{spec.kbits}k",
            "-minrate",
            f"{spec.kbits}k",
            "-maxrate",
            f"{spec.kbits}k",
            "-bufsize",
            f"{spec.kbits}k",
            "-f",
            "h264",
            str(partial),
        ],
        check=True,
    )
    partial.rename(path)
    return path


def nals_of(data: bytes) -> list[bytes]:
    """The NAL units of an Annex B byte stream."""
    starts = [(match.start(), match.end()) for match in re.finditer(rb"\x00\x00\x01", data)]
    ends = [start for start, _ in starts[1:]] + [len(data)]
    return [data[begin:end].rstrip(b"\x00") for (_, begin), end in zip(starts, ends)]


def payloads_of(nal: bytes) -> list[bytes]:
    """The RTP payloads of one NAL: itself, or FU-A fragments (RFC 6184, 5.8)."""
    if len(nal) <= MAX_PAYLOAD:
        return [nal]
    indicator, kind, body = (nal[0] & 0xE0) | 28, nal[0] & 0x1F, nal[1:]
    chunks = [body[at : at + MAX_PAYLOAD - 2] for at in range(0, len(body), MAX_PAYLOAD - 2)]
    flags = [0x80] + [0] * (len(chunks) - 2) + [0x40]
    return [bytes((indicator, flag | kind)) + chunk for flag, chunk in zip(flags, chunks)]


@dataclass
class AccessUnit:
    """One picture: the payloads before its counter (parameter sets), and those after it (slices)."""

    is_key: bool
    before: list[bytes] = field(default_factory=list)
    after: list[bytes] = field(default_factory=list)

    @property
    def packets(self) -> int:
        return len(self.before) + 1 + len(self.after)


class Clip:
    """A clip ready to be sent: access units as RTP payloads, and what the SDP says of them."""

    def __init__(self, spec: ClipSpec, path: Path):
        self.spec = spec
        self.units: list[AccessUnit] = []
        sets: dict[int, bytes] = {}
        pending: list[bytes] = []
        for nal in nals_of(path.read_bytes()):
            kind = nal[0] & 0x1F
            if kind in (NAL_SPS, NAL_PPS):
                sets.setdefault(kind, nal)
                pending.append(nal)
            elif kind in (NAL_SLICE, NAL_IDR):
                if nal[1] & 0x80:  # first_mb_in_slice is 0: a new picture
                    self.units.append(AccessUnit(kind == NAL_IDR, pending, []))
                    pending = []
                self.units[-1].after += payloads_of(nal)
        if not self.units or not self.units[0].is_key or len(self.units) % spec.gop:
            raise ValueError(f"{path}: not a clip of whole groups of pictures")
        self.sps, self.pps = sets[NAL_SPS], sets[NAL_PPS]
        self.ticks = 90000 // spec.fps
        # Packets before each unit, and in the whole loop: the sequence number of any frame follows from its counter.
        self.before = [0]
        for unit in self.units:
            self.before.append(self.before[-1] + unit.packets)
        size = sum(len(payload) for unit in self.units for payload in unit.before + unit.after)
        self.measured_kbits = size * 8 * spec.fps // len(self.units) // 1000

    def unit(self, counter: int) -> AccessUnit:
        return self.units[counter % len(self.units)]

    def sequence(self, counter: int) -> int:
        loops, index = divmod(counter, len(self.units))
        return (loops * self.before[-1] + self.before[index]) & 0xFFFF

    def next_key(self, counter: int) -> int:
        while not self.unit(counter).is_key:
            counter += 1
        return counter

    def sdp(self, address: str, has_voice: bool = False) -> str:
        parameter_sets = ",".join(base64.b64encode(nal).decode() for nal in (self.sps, self.pps))
        return "\r\n".join(
            [
                "v=0",
                f"o=- 1 1 IN IP4 {address}",
                "s=Camera simulator",
                f"c=IN IP4 {address}",
                "t=0 0",
                "a=control:*",
                "m=video 0 RTP/AVP 96",
                "a=rtpmap:96 H264/90000",
                f"a=fmtp:96 packetization-mode=1;profile-level-id={self.sps[1:4].hex()};"
                f"sprop-parameter-sets={parameter_sets}",
                f"a=framerate:{self.spec.fps}",
                "a=control:track1",
                *(["m=audio 0 RTP/AVP 0", "a=control:track2"] if has_voice else []),
                "",
            ]
        )

"""What an odd camera is: a name, a sentence, and the places where it differs from a well-behaved one."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Answer:
    """An answer before it is sent; a case may change anything in it."""

    status: int
    reason: str
    fields: list[list[str]]
    body: str = ""
    newline: str = "\r\n"
    tail: bytes = b""  # sent behind it
    raw: bytes | None = None  # sent in its place
    is_silent: bool = False

    def get(self, name: str) -> str:
        return next((value for key, value in self.fields if key == name), "")

    def set(self, name: str, value: str | None) -> None:
        """Replaces a field, or takes it away."""
        places = [index for index, pair in enumerate(self.fields) if pair[0] == name]
        if value is None:
            self.fields = [pair for pair in self.fields if pair[0] != name]
        elif places:
            self.fields[places[0]][1] = value
        else:
            self.fields.append([name, value])

    def bytes(self) -> bytes:
        if self.raw is not None:
            return self.raw
        lines = [f"RTSP/1.0 {self.status} {self.reason}".rstrip(), *(f"{name}: {value}" for name, value in self.fields)]
        return (self.newline.join(lines) + self.newline * 2 + self.body).encode() + self.tail


@dataclass
class Request:
    method: str
    url: str
    fields: dict[str, str]


@dataclass
class Picture:
    """One frame on its way: what it is, when it is due, and what is known of its fate."""

    index: int  # in its connection
    counter: int  # of its camera; it is in the frame's own bytes
    at: float  # seconds since the connection began to play
    is_key: bool
    units: list[bytes]
    stamp: int  # RTP ticks
    taken: float = 0.0  # seconds since the connection began to play; earlier than `at` where frames are held back
    is_whole: bool = True  # False: the case destroys it, so that it may be missing
    is_sent: bool = True


@dataclass
class Packet:
    """One RTP packet."""

    payload: bytes
    stamp: int
    kind: int
    sequence: int = 0
    source: int = 0
    has_marker: bool = False
    is_audio: bool = False
    extension: bytes | None = None
    contributors: int = 0
    padding: int = 0


Edit = Callable[[Answer, Request, object], None]


@dataclass(frozen=True)
class Login:
    """How a camera wants its user to prove who they are."""

    schemes: tuple[str, ...] = ("MD5",)  # of Digest, or "Basic"
    quality: str = ""  # `qop`
    nonce_seconds: float = 1e9  # after so long another nonce is wanted
    uses: int = 1 << 30  # of one nonce
    says_stale: bool = True
    separator: str = ""  # between challenges in one header; "": a header each


@dataclass(frozen=True)
class Case:
    """An odd camera. Functions are given the connection or the stream last, and keep what they must remember in its `notes`."""

    name: str
    told: str
    film: str = "plain"
    sound: str = ""
    login: Login | None = None
    # The time-out that SETUP announces and the session enforces; "": 60 seconds, and nothing is announced.
    timeout: str = "60"
    # What keeps the session alive; `RTCP` are receiver reports.
    counted: tuple[str, ...] = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER", "SET_PARAMETER")
    answer: Edit | None = None
    describe: Callable[[list[str]], list[str]] | None = None
    # The channel on which a track is really sent, of the channel that was agreed on.
    channel: Callable[[int], int] | None = None
    # Picture -> None: other units, another timestamp, or none at all.
    picture: Callable[[Picture, object], None] | None = None
    # Packets of a picture before they are numbered -> other packets.
    form: Callable[[list[Packet], Picture], list[Packet]] | None = None
    # Numbered packets -> packets and raw bytes.
    pack: Callable[[list[Packet], Picture, object], list] | None = None
    # Index -> seconds since PLAY at which the frame is sent.
    pace: Callable[[int, float], float] | None = None
    payload_bytes: int = 300
    first_index: int = 0
    # The wall clock of sender reports, from the true one and the seconds since PLAY; None: no reports.
    report: Callable[[float, float], float] | None = None
    # What happens beside the media, as a coroutine function of the connection.
    life: Callable[[object], object] | None = None
    port: str = "main"
    options: dict = field(default_factory=dict)  # of the camera in Observer

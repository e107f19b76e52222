"""Oddities of the description: addresses, channels, further tracks, parameter sets."""

import base64
import re

from .case import Answer, Case, Packet, Picture, Request
from .handshake import field, together


def line(old: str, new: str | None):
    """Replaces each line that begins so, or takes it away."""

    def edit(lines: list[str]) -> list[str]:
        return [new if found.startswith(old) else found for found in lines if new is not None or not found.startswith(old)]

    return edit


def steps(*edits):
    def edit(lines: list[str]) -> list[str]:
        for one in edits:
            lines = one(lines)
        return lines

    return edit


def before_video(*added: str):
    def edit(lines: list[str]) -> list[str]:
        at = next(index for index, found in enumerate(lines) if found.startswith("m=video"))
        return [*lines[:at], *added, *lines[at:]]

    return edit


def audio_first(lines: list[str]) -> list[str]:
    video, audio = (next(i for i, found in enumerate(lines) if found.startswith(f"m={kind}")) for kind in ("video", "audio"))
    return [*lines[:video], *lines[audio:], *lines[video:audio]]


def twice(lines: list[str]) -> list[str]:
    at = next(index for index, found in enumerate(lines) if found.startswith("m=video"))
    return [*lines, *(found.replace("control:video", "control:other") for found in lines[at:])]


def base(text):
    """Content-Base as a function of the right one says."""

    def edit(answer: Answer, request: Request, session) -> None:
        if request.method == "DESCRIBE":
            answer.set("Content-Base", text(answer.get("Content-Base")))

    return edit


def absolute(answer: Answer, request: Request, session) -> None:
    """Controls that are whole addresses."""
    if request.method == "DESCRIBE":
        answer.body = re.sub(r"control:(video|audio)", lambda found: f"control:{request.url.rstrip('/')}/{found[1]}", answer.body)
        answer.set("Content-Length", str(len(answer.body)))


def foreign(answer: Answer, request: Request, session) -> None:
    """Controls with the camera's address behind its router, which it does not know itself."""
    if request.method == "DESCRIBE":
        path = re.sub(r"^rtsp://[^/]*", "", request.url).rstrip("/")
        answer.body = answer.body.replace("control:video", f"control:rtsp://192.0.2.10:554{path}/video")
        answer.set("Content-Length", str(len(answer.body)))
    elif "192.0.2.10" in request.url:
        answer.status, answer.reason = 404, "Not Found"


def granted(text: str):
    """Another Transport than was asked for, of the channels `{0}` and `{1}`."""

    def edit(answer: Answer, request: Request, session) -> None:
        if request.method == "SETUP" and answer.status == 200:
            channel = session.ways["video"].channel
            answer.set("Transport", text.format(channel, channel + 1))

    return edit


def moved_channel(answer: Answer, request: Request, session) -> None:
    """Grants channels 4 and 5 in the place of those that were asked for."""
    if request.method == "SETUP" and answer.status == 200:
        session.ways["video"].channel = 4
        answer.set("Transport", "RTP/AVP/TCP;unicast;interleaved=4-5")


def without_sets(picture: Picture, stream) -> None:
    """Parameter sets from the second group of frames on."""
    if picture.index < stream.film.gop:
        picture.units = [unit for unit in picture.units if stream.film.kind(unit) not in (7, 8)]
        picture.is_whole = False


def sets_apart(picture: Picture, stream) -> None:
    """Parameter sets once, ahead of the first frame, in none later."""
    if picture.index > 0:
        picture.units = [unit for unit in picture.units if stream.film.kind(unit) not in (7, 8)]


def no_sets(picture: Picture, stream) -> None:
    picture.units = [unit for unit in picture.units if stream.film.kind(unit) not in (7, 8)]


def wrong_sets(answer: Answer, request: Request, session) -> None:
    """The sets of another size: somebody changed the resolution, and the description is a file."""
    if request.method == "DESCRIBE":
        other = session.camera.others.film("other")
        sets = ",".join(base64.b64encode(other.sets[kind]).decode() for kind in (7, 8))
        answer.body = re.sub(r"sprop-parameter-sets=\S+", f"sprop-parameter-sets={sets}", answer.body)
        answer.set("Content-Length", str(len(answer.body.encode())))


def annex_b_sets(lines: list[str]) -> list[str]:
    """Sets with start codes in front."""

    def marked(found: re.Match) -> str:
        return "sprop-parameter-sets=" + ",".join(
            base64.b64encode(b"\0\0\0\1" + base64.b64decode(one)).decode() for one in found[1].split(",")
        )

    return [re.sub(r"sprop-parameter-sets=(\S+)", marked, found) for found in lines]


def with_metadata(packets: list[Packet], picture: Picture, stream) -> list:
    """A packet of a track that nobody asked for, in each frame."""
    return [*packets, b"$\x06\x00\x14" + b"\x80\xeb" + bytes(10) + b"<tt:Data"]


DATA = ("m=application 0 RTP/AVP 107", "a=rtpmap:107 vnd.onvif.metadata/90000", "a=control:data")
FMTP = "a=fmtp:96 "
DESCRIBING = [
    Case("control-absolute", "Names its tracks by whole addresses.", answer=absolute),
    Case("control-missing", "Names no address for its only track.", describe=line("a=control:", None)),
    Case("control-star", "Names `*` for its track as well.", describe=line("a=control:", "a=control:*")),
    Case("control-slash", "Names its track with a slash in front.", describe=line("a=control:video", "a=control:/video")),
    Case("control-foreign", "Names its tracks by an address behind its router, and answers 404 there.", answer=foreign),
    Case("base-missing", "Has no Content-Base.", answer=field("Content-Base", None)),
    Case("base-bare", "Writes Content-Base without the slash at its end.", answer=base(lambda text: text.rstrip("/"))),
    Case("base-path", "Writes a path as Content-Base.", answer=base(lambda text: re.sub(r"^rtsp://[^/]*", "", text))),
    Case("base-nonsense", "Writes `0.0.0.0` as the host of Content-Base.", answer=base(lambda text: re.sub(r"//[^/]*", "//0.0.0.0", text))),
    Case("channels-other", "Grants other channels than it was asked for.", answer=moved_channel),
    Case("channels-untold", "Grants TCP without channels.", answer=granted("RTP/AVP/TCP;unicast")),
    Case("channels-one", "Grants `interleaved=0`.", answer=granted("RTP/AVP/TCP;unicast;interleaved={0}")),
    Case("channels-ignored", "Grants channels 0 and 1, and sends on 2 and 3.", channel=lambda channel: channel + 2),
    Case("channels-swapped", "Sends media on the channel of reports.", channel=lambda channel: channel + 1),
    Case("transport-told-udp", "Writes RTP/AVP where it means RTP/AVP/TCP.", answer=granted("RTP/AVP;unicast;interleaved={0}-{1}")),
    Case("audio-first", "Describes audio before video.", sound="mu-law", describe=audio_first, options={"audio": "copy"}),
    Case("audio-unwanted", "Has audio, and Observer does not want it.", sound="mu-law"),
    Case("data-first", "Describes its metadata before video.", describe=before_video(*DATA)),
    Case("data-sent", "Sends metadata that nobody set up.", describe=lambda lines: [*lines, *DATA], pack=with_metadata),
    Case("two-videos", "Describes two videos.", describe=twice),
    Case("sets-untold", "Describes no parameter sets; they are in band.", describe=line(FMTP, FMTP + "packetization-mode=1")),
    Case("sets-empty", "Describes an empty list of parameter sets.", describe=line(FMTP, FMTP + "packetization-mode=1;sprop-parameter-sets=")),
    Case("sets-no-format", "Has no `a=fmtp`.", describe=line(FMTP, None)),
    Case("sets-junk", "Describes parameter sets that are no base64.", describe=line(FMTP, FMTP + "packetization-mode=1;sprop-parameter-sets=%%%,###")),
    Case("sets-wrong", "Describes the parameter sets of another resolution.", answer=wrong_sets),
    Case("sets-annex-b", "Describes parameter sets with start codes, as encoders of set-top boxes do.", describe=annex_b_sets),
    Case("sets-described-only", "Sends no parameter sets in band.", picture=no_sets),
    Case("sets-once", "Sends its parameter sets ahead of the first frame alone, and describes none.", picture=sets_apart, describe=line(FMTP, None)),
    Case("sets-late", "Sends parameter sets from its second group on, and describes none.", picture=without_sets, describe=line(FMTP, None)),
    Case("sets-missing", "Has no parameter sets anywhere.", picture=no_sets, describe=line(FMTP, None)),
    Case("hevc", "Sends H.265.", film="hevc"),
    Case("hevc-no-vps", "Describes the SPS and PPS of H.265 without the VPS.", film="hevc", describe=lambda lines: [re.sub(r"sprop-vps=[^;]*;", "", found) for found in lines]),
    Case("hevc-untold", "Sends H.265 without a described set, joined within a group.", film="hevc-long", describe=line(FMTP, None), first_index=30),
    Case("codec-lower-case", "Writes `h264/90000`.", describe=line("a=rtpmap:96", "a=rtpmap:96 h264/90000")),
    Case("sdp-bare", "Describes a line of each kind and no more.", describe=lambda lines: [found for found in lines if found[0] in "vma" and found != "a=control:*"]),
    Case("audio-only", "Has audio, and no video.", sound="mu-law", describe=lambda lines: [*lines[:6], *lines[next(i for i, found in enumerate(lines) if found.startswith("m=audio")) :]], options={"audio": "copy"}),
    Case("nothing", "Describes no track.", describe=lambda lines: lines[:6]),
]

"""Oddities of audio. Observer is asked to record it; whatever happens to it, no frame may be lost."""

import dataclasses

from .case import Case, Packet, Picture

AUDIO = {"audio": "copy"}


def audio(edit):
    """An edit of the packets of audio alone: packet and seconds since PLAY -> packets."""

    def edited(packets: list[Packet], picture: Picture, stream) -> list:
        return edit(packets[0], picture.at) if packets[0].is_audio else packets

    return edited


def until(seconds: float):
    return audio(lambda packet, at: [packet] if at < seconds else [])


def after(seconds: float):
    return audio(lambda packet, at: [packet] if at >= seconds else [])


def other_codec(packet: Packet, at: float) -> list[Packet]:
    """G.711 from the twelfth second on."""
    return [packet] if at < 12 else [dataclasses.replace(packet, kind=8, payload=b"\xd5" * 160)]


def one_source(packets: list[Packet], picture: Picture, stream) -> list:
    """Audio and video share one source, as a mixer of two boards does."""
    return [dataclasses.replace(packet, source=0x1234) for packet in packets]


def case(name: str, told: str, sound: str, **facts) -> Case:
    return Case(name, told, sound=sound, options=AUDIO, **facts)


HEARING = [
    case("aac", "Has AAC.", "aac"),
    case("aac-8k", "Has AAC of 8 kHz.", "aac-8k"),
    case("aac-told-wrong", "Has AAC of 8 kHz, and says 16.", "aac-8k-told-as-16k"),
    case("opus", "Has Opus.", "opus"),
    case("mp3", "Has MP3 of 24 kHz.", "mp3"),
    case("mu-law", "Has G.711 (µ-law).", "mu-law"),
    case("a-law", "Has G.711 (A-law).", "a-law"),
    case("linear", "Has linear audio of 8 kHz.", "linear"),
    case("g726", "Has G.726.", "g726"),
    case("audio-never", "Describes AAC, and sends none: no microphone.", "aac", pack=until(0)),
    case("audio-ends", "Ends its audio after 10 s: the microphone was muted.", "aac", pack=until(10)),
    case("audio-late", "Begins its audio after 8 s.", "aac", pack=after(8)),
    case("audio-changes", "Goes over to another codec after 12 s.", "aac", pack=audio(other_codec)),
    case("audio-junk", "Sends audio that is noise.", "aac", pack=audio(lambda packet, at: [dataclasses.replace(packet, payload=b"\xff\xee" * 50)])),
    case("audio-stands", "Stamps all its audio alike.", "aac", pack=audio(lambda packet, at: [dataclasses.replace(packet, stamp=7)])),
    case("audio-fast", "Stamps its audio twice as fast.", "aac", pack=audio(lambda packet, at: [dataclasses.replace(packet, stamp=int(at * 32000))])),
    case("audio-one-source", "Sends audio and video as one source.", "aac", pack=one_source),
    case("audio-refused", "Describes audio, and answers its SETUP with 404.", "aac", answer=lambda answer, request, session: refuse_audio(answer, request, session)),
]


def refuse_audio(answer, request, session) -> None:
    if request.method == "SETUP" and request.url.endswith("audio"):
        answer.status, answer.reason = 404, "Not Found"
        session.ways.pop("audio", None)

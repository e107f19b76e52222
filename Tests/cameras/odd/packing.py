"""Oddities of the bytes: junk in the connection, and packets as only some cameras make them."""

import dataclasses
import os
import struct

from .case import Case, Packet, Picture
from .stream import interleaved, wire

AUD, FILLER = b"\x09\xf0", b"\x0c" + b"\xff" * 40 + b"\x80"
OWN_SEI = b"\x06\x05\x14" + b"maker's own UUID" + b"abcd" + b"\x80"
EVERY = 7  # frames; no multiple of a group, so that all kinds of frames are met


def now_and_then(edit):
    """An edit of packets that is made in each seventh frame."""

    def edited(packets: list[Packet], picture: Picture, stream) -> list:
        return edit(packets, picture, stream) if picture.index % EVERY == EVERY - 1 else packets

    return edited


def ahead(data):
    """Bytes ahead of the packets of a frame."""
    return now_and_then(lambda packets, picture, stream: [data() if callable(data) else data, *packets])


def amid(data):
    """Bytes between the packets of a frame."""
    return now_and_then(lambda packets, picture, stream: [packets[0], data() if callable(data) else data, *packets[1:]])


def cut_off(packets: list[Packet], picture: Picture, stream) -> list:
    """The last packet ends early, and its length does not say so: as if the camera's buffer was full."""
    picture.is_whole = False
    data = interleaved(stream.session.ways["video"].channel, wire(packets[-1]))
    return [*packets[:-1], data[: len(data) // 2]]


def each(**facts):
    """The same change of all packets."""
    return lambda packets, picture, stream: [dataclasses.replace(packet, **facts) for packet in packets]


def aggregated(units: list[bytes]) -> bytes:
    """STAP-A (RFC 6184, 5.7.1)."""
    return b"\x78" + b"".join(struct.pack(">H", len(unit)) + unit for unit in units)


def gathered(packets: list[Packet], picture: Picture) -> list[Packet]:
    """All units of a frame in one packet."""
    return [dataclasses.replace(packets[-1], payload=aggregated(picture.units))]


def gathered_sets(packets: list[Packet], picture: Picture) -> list[Packet]:
    """The parameter sets in one packet, the rest each alone."""
    sets = [unit for unit in picture.units if unit[0] & 0x1F in (7, 8)]
    return [dataclasses.replace(packets[0], payload=aggregated(sets)), *packets[len(sets) :]] if sets else packets


def one_fragment(packets: list[Packet], picture: Picture) -> list[Packet]:
    """Fragmentation units of one fragment, begin and end at once."""

    def wrapped(packet: Packet) -> Packet:
        head = packet.payload[0]
        if head & 0x1F == 28:
            return packet
        return dataclasses.replace(packet, payload=bytes([head & 0xE0 | 28, 0xC0 | head & 0x1F]) + packet.payload[1:])

    return [wrapped(packet) for packet in packets]


def empty_first(packets: list[Packet], picture: Picture) -> list[Packet]:
    """A packet without payload ahead of the frame."""
    return [dataclasses.replace(packets[0], payload=b"", has_marker=False), *packets]


def endless_fragments(packets: list[Packet], picture: Picture, stream) -> list:
    """Fragmentation units whose last one has no end."""

    def without_end(packet: Packet) -> Packet:
        head = packet.payload
        return dataclasses.replace(packet, payload=bytes([head[0], head[1] & 0xBF]) + head[2:]) if head[0] & 0x1F == 28 else packet

    return [without_end(packet) for packet in packets]


def lost_end(packets: list[Packet], picture: Picture, stream) -> list:
    picture.is_whole = False
    return packets[:-1]


def lost_start(packets: list[Packet], picture: Picture, stream) -> list:
    """A packet in the middle is missing: TCP, and the camera dropped it before it was sent."""
    picture.is_whole = False
    return [*packets[:-2], packets[-1]]


def no_markers(packets: list[Packet], picture: Picture, stream) -> list:
    return [dataclasses.replace(packet, has_marker=False) for packet in packets]


def dressed(picture: Picture, stream) -> None:
    """Delimiter, notes of the maker, and filler in each frame."""
    picture.units = [AUD, OWN_SEI, *picture.units, FILLER]


def unknown_units(picture: Picture, stream) -> None:
    """Units of types that mean nothing: 24 and more are packets, 0 and 30 are free."""
    picture.units = [b"\x1e" + b"own!" * 4, *picture.units, b"\x00" + b"none"]


def zero_tail(picture: Picture, stream) -> None:
    picture.units[-1] += bytes(8)


def annex_b(picture: Picture, stream) -> None:
    """All units in one, with start codes, as if it were a file."""
    picture.units = [b"\0\0\0\1".join(picture.units)]


def annex_b_each(picture: Picture, stream) -> None:
    picture.units = [b"\0\0\0\1" + unit for unit in picture.units]


def note_behind(picture: Picture, stream) -> None:
    """The maker's notes behind the slices, with a marker of their own."""
    picture.units = [*picture.units, OWN_SEI]


def paired(picture: Picture, stream) -> None:
    """Two frames with one timestamp, one after the other."""
    previous = stream.notes.get("stamp")
    if picture.index % 2 and not picture.is_key and previous:
        picture.stamp = previous
    stream.notes["stamp"] = picture.stamp


def restarted(**changes):
    """Numbers, source or both begin anew in the midst of the session."""

    def edit(packets: list[Packet], picture: Picture, stream) -> list:
        if picture.index in (73, 151):
            if "sequence" in changes:
                stream.notes["shift"] = (changes["sequence"] - packets[0].sequence) & 0xFFFF
            if "source" in changes:
                stream.notes["source"] = int.from_bytes(os.urandom(4), "big")
        shift, source = stream.notes.get("shift", 0), stream.notes.get("source")
        return [
            dataclasses.replace(packet, sequence=packet.sequence + shift & 0xFFFF, source=packet.source if source is None else source)
            for packet in packets
        ]

    return edit


def doubled(packets: list[Packet], picture: Picture, stream) -> list:
    return [copy for packet in packets for copy in (packet, packet)]


def numbers_stand(packets: list[Packet], picture: Picture, stream) -> list:
    """All packets have the same number; until that is known, they look like one that is repeated."""
    picture.is_whole = picture.is_whole and picture.index >= stream.film.gop
    return [dataclasses.replace(packet, sequence=1) for packet in packets]


def reports_amid(packets: list[Packet], picture: Picture, stream) -> list:
    """A sender report on the channel of the media."""
    report = struct.pack(">BBHIIIIII", 0x80, 200, 6, packets[0].source, 0, 0, 0, 0, 0)
    return [interleaved(stream.session.ways["video"].channel, report), *packets]


NOISE = bytes(range(0x25, 0x41)) * 8
PACKING = [
    Case("junk-zeros", "Sends four zeros between frames now and then.", pack=ahead(bytes(4))),
    Case("junk-lines", "Sends an empty line between the packets of a frame.", pack=amid(b"\r\n")),
    Case("junk-text", "Sends a line of its log into the connection.", pack=ahead(b"venc: buffer nearly full, 92%\n")),
    Case("junk-bytes", "Sends a kilobyte of noise without a `$`.", pack=ahead(lambda: os.urandom(1000).replace(b"$", b"#"))),
    Case("junk-dollars", "Sends noise full of what looks like the beginning of a frame.", pack=ahead(b"$$$\x00$\x01$\x00\xff$" + NOISE)),
    Case("junk-channel", "Sends frames on channels that nobody asked for.", pack=ahead(lambda: interleaved(17, os.urandom(200)) * 3)),
    Case("junk-answer", "Sends an answer that nobody asked for.", pack=amid(b"RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n")),
    Case("junk-empty", "Sends frames without content.", pack=ahead(b"$\0\0\0" * 5)),
    Case("cut-packet", "Cuts a packet now and then: its buffer is full.", pack=now_and_then(cut_off)),
    Case("padding", "Pads its packets to words.", pack=each(padding=4)),
    Case("extension", "Has a header extension in each packet, as ONVIF's replay does.", pack=each(extension=bytes(12))),
    Case("extension-empty", "Has an empty header extension.", pack=each(extension=b"")),
    Case("contributors", "Names three contributing sources in each packet.", pack=each(contributors=3)),
    Case("all-at-once", "Has an extension, sources and padding together.", pack=each(padding=3, extension=bytes(8), contributors=1)),
    Case("gathered", "Puts all units of a frame into one packet.", form=gathered, payload_bytes=60000),
    Case("gathered-sets", "Puts its parameter sets into one packet.", form=gathered_sets),
    Case("large-packets", "Sends each unit as one packet, as long as it may be.", payload_bytes=60000),
    Case("tiny-packets", "Sends fragments of 24 bytes.", payload_bytes=24),
    Case("one-fragment", "Sends all units as fragments, also those of one fragment.", form=one_fragment),
    Case("endless-fragments", "Sends fragments whose last one has no end.", pack=endless_fragments),
    Case("lost-end", "Loses the last packet of a frame now and then.", pack=now_and_then(lost_end)),
    Case("lost-middle", "Loses a packet in a frame now and then, before it is sent.", pack=now_and_then(lost_start)),
    Case("dressed", "Has a delimiter, notes and filler in each frame.", picture=dressed),
    Case("note-behind", "Sends its notes behind the frame, with the marker.", picture=note_behind),
    Case("unknown-units", "Sends units of types that mean nothing.", picture=unknown_units),
    Case("zero-tail", "Ends its units with zeros.", picture=zero_tail),
    Case("annex-b", "Sends a frame as it would be in a file, with start codes.", picture=annex_b),
    Case("annex-b-each", "Sends each unit with a start code in front.", picture=annex_b_each, payload_bytes=60000),
    Case("no-markers", "Sets no marker.", pack=no_markers),
    Case("all-markers", "Sets the marker of each packet.", pack=each(has_marker=True)),
    Case("slices", "Sends three slices a frame.", film="slices"),
    Case("slices-no-markers", "Sends three slices a frame, and sets no marker.", film="slices", pack=no_markers),
    Case("slices-all-markers", "Sends three slices a frame, and sets the marker of each packet.", film="slices", pack=each(has_marker=True)),
    Case("paired-stamps", "Gives two frames one timestamp.", picture=paired),
    Case("numbers-restart", "Begins to number its packets anew.", pack=restarted(sequence=0)),
    Case("source-changes", "Changes its source: the encoder began anew.", pack=restarted(source=True)),
    Case("both-restart", "Changes source and numbers.", pack=restarted(source=True, sequence=40000)),
    Case("numbers-stand", "Numbers all packets 1.", pack=numbers_stand),
    Case("empty-packets", "Sends a packet without payload ahead of each frame.", form=empty_first),
    Case("doubled-packets", "Sends each packet twice.", pack=doubled),
    Case("type-beside", "Sends packets of a type of its own beside the video.", pack=ahead(lambda: interleaved(0, b"\x80\x70" + bytes(10) + b"own"))),
    Case("reports-amid", "Sends its reports on the channel of the media.", pack=reports_amid),
]

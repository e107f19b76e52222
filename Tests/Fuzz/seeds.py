#!/usr/bin/env python3
"""Writes the first inputs of a fuzzer: seeds.py NAME FOLDER. They are small, and made here: dialogues, descriptions, packets
and files in the form that each fuzzer's `testOneInput` tells. FOLDER gets one file for each, and `NAME.dict` beside it."""

import struct
import sys
from pathlib import Path

SDP = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=x\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=framerate:25\r\na=framesize:96 640-360\r\n"
    "a=fmtp:96 packetization-mode=1;profile-level-id=64000d;sprop-parameter-sets=Z2QADazZQUGfnwEQAAADABAAAAMDwPFCmWA=,aOvjyyLA\r\n"
    "a=control:track1\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/16000/1\r\n"
    "a=fmtp:97 streamtype=5;mode=AAC-hbr;config=1408;sizelength=13;indexlength=3;indexdeltalength=3\r\na=control:track2\r\n"
    "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=recvonly\r\n"
)
WORDS = """RTSP/1.0 200 OK|401 Unauthorized|454 Session|461 Unsupported|302 Moved|551 Option|CSeq: |Session: |;timeout=5|Transport: |
RTP/AVP/TCP;unicast;interleaved=0-1|RTP/AVP;unicast;client_port=40000-40001;server_port=5000-5001|;source=|;ssrc=|mode=play|
RTP-Info: |url=|;seq=|;rtptime=|Public: |OPTIONS|DESCRIBE|SETUP|PLAY|TEARDOWN|GET_PARAMETER|SET_PARAMETER|ANNOUNCE|
REDIRECT|Content-Length: |Content-Base: |Content-Location: |Location: rtsp://|WWW-Authenticate: Digest realm=|Basic realm=|nonce=|
stale=true|algorithm=SHA-256|qop=auth|opaque=|m=video 0 RTP/AVP 96|m=audio 0 RTP/AVP 0|a=rtpmap:96 H264/90000|a=rtpmap:96 H265/90000|
a=fmtp:96 |sprop-parameter-sets=|sprop-vps=|a=control:|a=range:npt=0-|a=framerate:|a=x-dimensions:|config=|mode=AAC-hbr|JPEG/90000|
moov|moof|mdat|traf|trun|tfdt|tfhd|prft|mvex|trex|stsd|avc1|avcC|hvc1|hvcC|esds|trak|mdia|minf|stbl|hdlr|vide|soun"""


def answer(sequence: int, *fields: str, body: str = "", status: str = "200 OK") -> bytes:
    lines = [f"RTSP/1.0 {status}", f"CSeq: {sequence}", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def came(data: bytes) -> bytes:
    """Bytes from the camera, in steps of at most 1,023."""
    steps = b""
    for start in range(0, len(data), 1023):
        part = data[start : start + 1023]
        steps += bytes([0x40 | len(part) >> 8, len(part) & 255]) + part
    return steps


def rtp(kind: int, sequence: int, time: int, payload: bytes, marker: bool = True) -> bytes:
    return struct.pack(">BBHII", 0x80, kind | (0x80 if marker else 0), sequence, time, 0x1234) + payload


def interleaved(channel: int, packet: bytes) -> bytes:
    return b"$" + bytes([channel]) + struct.pack(">H", len(packet)) + packet


def opening(audio: bool, transport: str = "RTP/AVP/TCP;unicast;interleaved={}-{}") -> list[bytes]:
    session = "Session: abcdef;timeout=10"
    steps = [
        answer(1, "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"),
        answer(2, "Content-Base: rtsp://camera/live/", "Content-Type: application/sdp", body=SDP),
        answer(3, session, "Transport: " + transport.format(0, 1)),
    ]
    if audio:
        steps.append(answer(4, session, "Transport: " + transport.format(2, 3)))
    return [*steps, answer(5 if audio else 4, session, "RTP-Info: url=rtsp://camera/live/track1;seq=1;rtptime=0")]


def rtsp_seeds() -> dict[str, bytes]:
    media = b"".join(interleaved(0, rtp(96, n, n * 3600, b"\x41" + bytes([n]) * 40)) for n in range(6))
    sound = interleaved(2, rtp(97, 1, 0, b"\0\x10\0\x50" + b"\x21" * 10)) + interleaved(1, bytes([0x80, 200, 0, 6]) + bytes(24))
    wait, long_wait, ports, end, report = b"\0", b"\2", b"\3", b"\4", b"\x20\6"
    play, play_both = b"".join(map(came, opening(False))), b"".join(map(came, opening(True)))
    refusal = answer(1, 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256', 'WWW-Authenticate: Basic realm="r"',
                     status="401 Unauthorized")  # fmt: skip
    stale = answer(2, 'WWW-Authenticate: Digest realm="r", nonce="m", stale=true', status="401 Unauthorized")
    udp = "RTP/AVP;unicast;client_port=40000-40001;server_port=5000-5001;source=10.0.0.2;ssrc=1234"
    described = [came(part) for part in opening(False, udp)]
    return {
        "video": b"\0" + play + came(media) + wait + came(answer(5)) + end + came(answer(6)),
        "audio": b"\4" + play_both + came(media + sound) + report + wait + came(media) + b"\5",
        "account": b"\x10" + came(refusal) + came(stale) + play + came(media) + end,
        "udp": b"\1" + described[0] + described[1] + ports + described[2] + described[3] + long_wait + end,
        "automatic": b"\3" + described[0] + described[1] + came(answer(3, status="461 Unsupported Transport")) + ports + described[2] + described[3],
        "redirect": b"\0" + came(answer(1)) + came(answer(2, "Location: rtsp://other/x", status="302 Moved")) + b"\7" + play,
        "junk": b"\0" + play + came(bytes(300) + media + b"\r\n\r\n" + media[:70] + media + b"OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n" + media),
        "lost": b"\0" + play + came(media) + wait + came(answer(5, status="454 Session Not Found")) + wait + came(media) + long_wait,
        "text": b"\xff" + SDP.encode(),
        "url": b"\xffrtsp://user:password@camera:554/live?x=1#y",
    }


def box(kind: str, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", len(content) + 8) + kind.encode() + content


def fragment(count: int, time: int) -> bytes:
    samples = b"".join(struct.pack(">III", 3600, 20, 0x0200_0000 if n == 0 else 0x0101_0000) for n in range(count))
    run = box("trun", struct.pack(">III", 0x01000701, count, 0), samples)
    track = box("traf", box("tfhd", struct.pack(">II", 0x020000, 1)), box("tfdt", struct.pack(">IQ", 0x01000000, time)), run)
    index = box("moof", box("mfhd", bytes(4), struct.pack(">I", 1)), track)
    place = index.index(b"trun") + 12
    index = index[:place] + struct.pack(">I", len(index) + 8) + index[place + 4 :]
    clock = box("prft", struct.pack(">IIQQ", 0x01000018, 1, 0xE8000000 << 32, time))
    return clock + index + box("mdat", bytes([7]) * 20 * count)


def mp4_seeds() -> dict[str, bytes]:
    sps = bytes.fromhex("6764000dacd941419f9f0110000003001000000303c0f1429960")
    pps = bytes.fromhex("68ebe3cb22c0")
    vps = bytes.fromhex("40010c01ffff01600000030090000003000003003c95980901")
    hevc_sps = bytes.fromhex("42010101600000030090000003000003003ca00b08048596566924caf0168080000003008000000c84")
    hevc_pps = bytes.fromhex("4401c172b46240")
    avcc = bytes([1, 0x64, 0, 13, 0xFF, 0xE1, 0, len(sps)]) + sps + bytes([1, 0, len(pps)]) + pps + b"\xfd\xf8\xf8\0"
    arrays = b"".join(bytes([0x80 | kind, 0, 1, 0, len(unit)]) + unit for kind, unit in ((32, vps), (33, hevc_sps), (34, hevc_pps)))
    hvcc = b"\1\1\x60\0\0\0\x90\0\0\0\0\0\x3c\xf0\0\xfc\xfd\xf8\xf8\0\0\x0f\3" + arrays
    with_length = lambda *units: b"".join(bytes([len(unit)]) + unit for unit in units)  # noqa: E731
    entry = box("avc1", bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HH", 320, 180) + bytes(50), box("avcC", avcc))
    media = box("mdia", box("mdhd", bytes(12), struct.pack(">I", 90000), bytes(8)), box("hdlr", bytes(8), b"vide", bytes(13)),
                box("minf", box("stbl", box("stsd", bytes(4), struct.pack(">I", 1), entry))))  # fmt: skip
    head = box("ftyp", b"iso6", bytes(4), b"iso6")
    head += box("moov", box("mvhd", bytes(100)), box("trak", box("tkhd", bytes(12), struct.pack(">I", 1), bytes(68)), media),
                box("mvex", box("trex", bytes(4), struct.pack(">IIIII", 1, 1, 3600, 20, 0))))  # fmt: skip
    frames = b"".join(struct.pack(">BBqI", 0, 20, n * 3600, 3600) for n in range(5))
    return {
        "file": b"\0" + head + fragment(3, 0) + fragment(5, 10800),
        "cut": b"\0" + head + fragment(3, 0) + fragment(5, 10800)[:-30],
        "fragments": b"\1" + fragment(3, 0) + fragment(5, 10800),
        "avc": b"\2" + with_length(sps, pps),
        "avcC": b"\3" + avcc,
        "hevc": b"\4" + with_length(vps, hevc_sps, hevc_pps),
        "hvcC": b"\5" + hvcc,
        "aac": b"\6\x14\x08",
        "sbr": b"\6\x2b\x92\x08\0",
        "sps": b"\6" + sps,
        "write": b"\7" + frames + struct.pack(">BBqIq", 1, 9, 1024, 1024, 1_700_000_000_000_000),
    }


def fastcgi_seeds() -> dict[str, bytes]:
    def record(kind: int, content: bytes, padding: int = 0) -> bytes:
        return struct.pack(">BBHHBB", 1, kind, 1, len(content), padding, 0) + content + bytes(padding)

    def pair(name: bytes, value: bytes) -> bytes:
        lengths = [bytes([len(part)]) if len(part) < 128 else struct.pack(">I", len(part) | 1 << 31) for part in (name, value)]
        return b"".join(lengths) + name + value

    begin = record(1, b"\0\1\0\0\0\0\0\0")
    names = pair(b"REQUEST_METHOD", b"GET") + pair(b"LIVE_CAMERA", b"7") + pair(b"LIVE_PLACE", b"live.mp4") + pair(b"X", bytes(300))
    return {
        "request": b"\x07" + begin + record(4, names, 5) + record(4, b"") + record(5, b""),
        "body": b"\x3f" + begin + record(4, names[:20]) + record(4, names[20:]) + record(4, b"") + record(5, b"body") + record(5, b""),
        "abort": b"\1" + begin + record(4, names) + record(2, b""),
        "order": b"\2" + record(4, names) + begin,
    }


def packets(choice: int, *payloads: bytes) -> bytes:
    return bytes([choice]) + b"".join(bytes([0x40 | (n + 1 == len(payloads)), len(p)]) + p for n, p in enumerate(payloads))


def rtp_seeds() -> dict[str, bytes]:
    sps, pps, idr = bytes.fromhex("6764000dacd941419f9f011000000300"), b"\x68\xeb\xe3\xcb", b"\x65" + bytes(range(1, 60))
    two = struct.pack(">H", len(sps)) + sps + struct.pack(">H", len(pps)) + pps
    jpeg = bytes([0, 0, 0, 0, 1, 130, 40, 30, 0, 0, 0, 128]) + bytes([7]) * 128 + bytes(range(90))
    mp3 = b"\xff\xfb\x90\0" + bytes(100)
    return {
        "h264": packets(0, b"\x78" + two, b"\x7c\x85" + idr[1:30], b"\x7c\x45" + idr[30:], b"\x41" + bytes(20)),
        "h265": packets(1, b"\x40\1\x0c\1", b"\x62\1\x93" + bytes(30), b"\x62\1\x53" + bytes(30), b"\x60\1\0\4\x26\1\1\2\0\3\x02\1\1"),
        "h265-order": packets(2, b"\x60\1\0\1\0\4\x26\1\1\2\1\0\3\2\1\1", b"\x62\1\0\2\x93" + bytes(30)),
        "aac": packets(3, b"\0\x20\0\x50\0\x51" + bytes(21), b"\0\x10\1\0" + bytes(20)),
        "latm": packets(4, b"\5" + bytes(5) + b"\xff\x2d" + bytes(40)),
        "mp3": packets(5, b"\0\0\0\0" + mp3, b"\0\0\0\x68" + bytes(200), b"\0\0\1\x30" + bytes(113)),
        "opus": packets(6, b"\xfc" + bytes(30), b"\xff\x86" + bytes(30)),
        "jpeg": packets(7, jpeg, bytes([0, 0, 0, 90, 1, 130, 40, 30]) + bytes(90)),
        "receiver": packets(8, *(rtp(96, n & 0xFFFF, n * 3600, bytes(8)) for n in (1, 2, 4, 3, 65535, 0, 9))),
        "reports": packets(9, bytes([0x81, 200, 0, 12]) + bytes(48), bytes([0x81, 202, 0, 3]) + bytes(12) + bytes([0x81, 203, 0, 1]) + bytes(4)),
    }


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    seeds = {"RTSPFuzzer": rtsp_seeds, "MP4Fuzzer": mp4_seeds, "RTPFuzzer": rtp_seeds, "FastCGIWireFuzzer": fastcgi_seeds}[name]()
    for key, data in seeds.items():
        (folder / key).write_bytes(data)
    words = [word for word in WORDS.replace("\n", "").split("|") if word]
    (folder.parent / f"{name}.dict").write_text("".join(f'"{word}"\n' for word in words))


if __name__ == "__main__":
    main()

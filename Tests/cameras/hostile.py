#!/usr/bin/env python3
"""Cameras that mean harm, for the tests and the benchmarks: `rtsp://127.0.0.1:PORT/KIND`. What comes after the `KIND`s of
`AFTER_PLAY` begins once the camera plays; the others show their nature earlier. All send as fast as the other side reads.

    hangup       closes each connection at once              headers      RTP headers alone, with numbers that jump
    body         an answer with 2 GiB of content             fragments    one NAL unit without an end
    header       an answer with one line without an end      pictures     key frames in their thousands, each with other sets
    frames       empty frames instead of the description     sound        audio without an end, and a picture in nine seconds
    redirects    leads to itself, for ever                   answers      answers that nobody asked for
                                                             requests     requests of its own
                                                             junk         bytes that are nothing
"""

import argparse
import json
import os
import re
import signal
import socket
import struct
import sys
import threading
import time

SPS = [bytes.fromhex("6764000dacd941419f9f0110000003001000000303c0f1429960"), bytes.fromhex("6742c01ed903c56840000003004000000c03c58b92")]  # fmt: skip
PPS = bytes.fromhex("68ebe3cb22c0")
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z2QADazZQUGfnwEQAAADABAAAAMDwPFCmWA=,aOvjyyLA\r\n"
    "a=control:track1\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/16000/1\r\n"
    "a=fmtp:97 mode=AAC-hbr;config=1408;sizelength=13;indexlength=3;indexdeltalength=3\r\na=control:track2\r\n"
)
KINDS = ["hangup", "body", "header", "frames", "redirects", "headers", "fragments", "pictures", "sound", "answers", "requests", "junk"]


def rtp(channel: int, sequence: int, timestamp: int, payload: bytes, marker: bool = False) -> bytes:
    kind = (96 if channel == 0 else 97) | (0x80 if marker else 0)
    packet = struct.pack(">BBHII", 0x80, kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 0x4057 + channel) + payload
    return struct.pack(">cBH", b"$", channel, len(packet)) + packet


def picture(sequence: int, timestamp: int, sets: int = 0) -> bytes:
    """A key frame of three packets."""
    units = [SPS[sets % len(SPS)], PPS, b"\x65\x88\x84" + bytes([1 + sequence % 200]) * 30]
    return b"".join(rtp(0, sequence + n, timestamp, unit, marker=n == 2) for n, unit in enumerate(units))


def floods():
    """By kind, blocks to send over and over; numbers go on within a block and from one to the next."""
    body = bytes([7]) * 1300
    return {
        "headers": [b"".join(rtp(0, n * 10007, 0, b"") for n in range(20000))],
        # 65,536 packets, so that the numbers go on from the last to the first.
        "fragments": [b"".join(rtp(0, n + start, 0, b"\x7c\x05" + body) for n in range(1024)) for start in range(0, 65536, 1024)],
        "pictures": [b"".join(picture(start + n * 3, (start + n) * 90, n) for n in range(1024)) for start in range(0, 65536, 3072)],
        "answers": [b"RTSP/1.0 200 OK\r\nCSeq: 9\r\n\r\n" * 20000],
        "requests": [b"OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n" * 20000],
        "junk": [os.urandom(1 << 20).replace(b"$", b"#")],
        "frames": [b"$\x05\0\0" * 250000],
    }


FLOODS = floods()


class Connection:
    """One client, on a thread."""

    def __init__(self, camera: socket.socket, port: int):
        self.socket, self.port, self.kind = camera, port, ""

    def serve(self) -> None:
        try:
            pending = b""
            while True:
                data = self.socket.recv(65536)
                if not data:
                    return
                pending += data
                while b"\r\n\r\n" in pending:
                    head, _, pending = pending.partition(b"\r\n\r\n")
                    self.answer(head.decode("latin-1").lstrip("\r\n\0"))
        except OSError:
            pass
        finally:
            self.socket.close()

    def send(self, *lines: str, body: str = "") -> None:
        self.socket.sendall(("\r\n".join(("RTSP/1.0 200 OK", *lines)) + "\r\n\r\n" + body).encode())

    def answer(self, head: str) -> None:
        found = re.match(r"(\w+) rtsp://[^/]+/([a-z]+)", head)
        if not found:
            return
        method, self.kind = found[1], found[2]
        number = re.search(r"CSeq: *(\d+)", head)
        sequence = f"CSeq: {number[1] if number else 0}"
        if method == "DESCRIBE" and self.kind in ("body", "header", "frames", "redirects"):
            self.refuse(sequence)
        elif method == "DESCRIBE":
            self.send(sequence, f"Content-Length: {len(SDP)}", body=SDP)
        elif method == "SETUP":
            channels = "2-3" if "track2" in head else "0-1"
            self.send(sequence, "Session: 1;timeout=60", f"Transport: RTP/AVP/TCP;unicast;interleaved={channels}")
        elif method == "PLAY":
            self.send(sequence, "Session: 1")
            threading.Thread(target=self.flood, daemon=True).start()
        else:
            self.send(sequence, "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")

    def refuse(self, sequence: str) -> None:
        if self.kind == "redirects":
            answer = f"RTSP/1.0 302 Moved\r\n{sequence}\r\nLocation: rtsp://127.0.0.1:{self.port}/redirects\r\n\r\n"
            self.socket.sendall(answer.encode())
            return
        if self.kind == "body":
            self.send(sequence, "Content-Length: 2147483647")
        elif self.kind == "header":
            self.socket.sendall(f"RTSP/1.0 200 OK\r\n{sequence}\r\nServer: ".encode())
        blocks = FLOODS["frames"] if self.kind == "frames" else [b"x" * (1 << 20)]
        while True:
            self.socket.sendall(blocks[0])

    def flood(self) -> None:
        try:
            # What is recorded first shows what happens to a recording.
            start = time.monotonic()
            for n in range(50):
                self.socket.sendall(picture(n * 3, n * 3600))
                time.sleep(max(0.0, start + n * 0.04 - time.monotonic()))
            if self.kind == "sound":
                self.play_sound()
            if self.kind == "fragments":
                # The unit begins, with the number before that of the first block.
                self.socket.sendall(rtp(0, 0xFFFF, 0, b"\x7c\x85\x88" + bytes(100)))
            blocks = FLOODS[self.kind]
            while True:
                for block in blocks:
                    self.socket.sendall(block)
        except (OSError, KeyError):
            self.socket.close()

    def play_sound(self) -> None:
        unit = b"\0\x10" + struct.pack(">H", 1000 << 3) + bytes([7]) * 1000
        number, next_picture = 0, 0.0
        while True:
            if time.monotonic() >= next_picture:
                next_picture = time.monotonic() + 9
                self.socket.sendall(picture(150 + number % 3000 * 3, 50 * 3600 + number))
            self.socket.sendall(b"".join(rtp(2, number + n, (number + n) * 1024, unit, True) for n in range(500)))
            number += 500


def accept(server: socket.socket, counts: dict, hangs_up: bool) -> None:
    while True:
        camera, _ = server.accept()
        counts["hangups" if hangs_up else "connections"] += 1
        if hangs_up:
            camera.close()
        else:
            camera.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=Connection(camera, server.getsockname()[1]).serve, daemon=True).start()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    counts = {"connections": 0, "hangups": 0}
    servers = [socket.create_server(("127.0.0.1", 0), backlog=512) for _ in range(2)]
    for server, hangs_up in zip(servers, (False, True)):
        threading.Thread(target=accept, args=(server, counts, hangs_up), daemon=True).start()
    ports = [server.getsockname()[1] for server in servers]
    print(json.dumps({"port": ports[0], "hangup": ports[1]}), flush=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    # Each line asks how many connections there were; the end of input ends the program.
    while sys.stdin.readline():
        print(json.dumps(counts), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()

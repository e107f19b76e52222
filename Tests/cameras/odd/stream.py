"""The media of one connection: frames when they are due, as RTP (RFC 3550), with their fate in the camera's record."""

import asyncio
import secrets
import struct
import time

from .case import Packet, Picture

CLOCK = 90000
NTP_EPOCH = 2208988800


class Stream:
    """Sends what one client gets."""

    def __init__(self, session):
        self.session, self.camera, self.case = session, session.camera, session.case
        self.film = self.camera.film
        self.notes: dict = {}
        self.base = secrets.randbelow(1 << 31)
        self.sequence = {"video": secrets.randbelow(1 << 16), "audio": secrets.randbelow(1 << 16)}
        self.source = {"video": secrets.randbelow(1 << 32), "audio": secrets.randbelow(1 << 32)}
        self.is_decodable = False
        self.is_muted = False
        self.began, self.began_at = time.monotonic(), time.time()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    # Video

    async def send_pictures(self) -> None:
        index = 0
        while True:
            at = self.case.pace(index, self.film.fps) if self.case.pace else index / self.film.fps
            await asyncio.sleep(max(0.0, at - self.elapsed))
            self.session.record["lag"] = max(self.session.record["lag"], round(self.elapsed - at, 3))
            if not self.is_muted:
                self.send_picture(self.picture(index, at))
            index += 1

    def picture(self, index: int, at: float) -> Picture:
        place = index + self.case.first_index
        counter, self.camera.counter = self.camera.counter, self.camera.counter + 1
        shown = self.film.shown(place) - self.case.first_index
        stamp = self.base + (round(at * CLOCK) if not self.film.delay else shown * CLOCK // self.film.fps)
        picture = Picture(index, counter, at, self.film.shot(place).is_key, self.film.units(place, counter), stamp)
        picture.taken = at
        self.is_decodable = self.is_decodable or picture.is_key
        picture.is_whole = self.is_decodable
        if self.case.picture:
            self.case.picture(picture, self)
        return picture

    def send_picture(self, picture: Picture) -> None:
        parts = [part for unit in picture.units for part in self.film.parts(unit, self.case.payload_bytes)]
        packets = [Packet(part, picture.stamp, 96) for part in parts]
        packets[-1].has_marker = True
        if self.case.form:
            packets = self.case.form(packets, picture)
        if picture.is_sent:
            for packet in packets:
                packet.sequence, packet.source = self.number("video"), self.source["video"]
            for item in self.case.pack(packets, picture, self) if self.case.pack else packets:
                self.send(item)
        self.session.record["frames"].append(
            [picture.counter, round(self.began_at + picture.taken, 4), round(time.time(), 4), int(picture.is_whole and picture.is_sent)]
        )

    def number(self, track: str) -> int:
        number = self.sequence[track] & 0xFFFF
        self.sequence[track] += 1
        return number

    # Sound

    async def send_sound(self, sound) -> None:
        index, base = 0, secrets.randbelow(1 << 31)
        while True:
            await asyncio.sleep(max(0.0, index * sound.seconds - self.elapsed))
            packet = Packet(sound.packets[index % len(sound.packets)], base + index * sound.ticks, sound.kind)
            packet.sequence, packet.source = self.number("audio"), self.source["audio"]
            packet.is_audio = packet.has_marker = True
            if self.case.pack:
                for item in self.case.pack([packet], Picture(-1, -1, index * sound.seconds, False, [], 0), self):
                    self.send(item)
            else:
                self.send(packet)
            self.session.record["audio"] += 1
            index += 1

    # Reports

    async def send_reports(self) -> None:
        """Sender reports of the video (RFC 3550, 6.4.1), every two seconds."""
        while True:
            wall = self.case.report(time.time(), self.elapsed) + NTP_EPOCH
            stamp = self.base + round(self.elapsed * CLOCK)
            body = struct.pack(
                ">BBHIIIIII", 0x80, 200, 6, self.source["video"], int(wall) & 0xFFFFFFFF, int(wall % 1 * (1 << 32)), stamp & 0xFFFFFFFF, 1, 1
            )
            self.deliver("video", body, is_control=True)
            await asyncio.sleep(2)

    # The wire

    def send(self, item: Packet | bytes) -> None:
        """Sends a packet, or raw bytes in the connection."""
        if isinstance(item, bytes):
            self.session.write(item)
        else:
            self.deliver("audio" if item.is_audio else "video", wire(item))

    def deliver(self, track: str, data: bytes, is_control: bool = False) -> None:
        way = self.session.ways.get(track)
        if way is None:
            return
        if way.client:
            host, port = way.client
            way.sockets[int(is_control)].sendto(data, (host, port + int(is_control)))
        else:
            channel = self.case.channel(way.channel) if self.case.channel else way.channel
            self.session.write(interleaved(channel + int(is_control), data))


def wire(packet: Packet) -> bytes:
    """A packet's bytes (RFC 3550, 5.1)."""
    first = 0x80 | (0x20 if packet.padding else 0) | (0x10 if packet.extension is not None else 0) | packet.contributors
    second = packet.kind | (0x80 if packet.has_marker else 0)
    head = struct.pack(">BBHII", first, second, packet.sequence & 0xFFFF, packet.stamp & 0xFFFFFFFF, packet.source)
    head += b"".join(struct.pack(">I", 0xC0FFEE00 + number) for number in range(packet.contributors))
    if packet.extension is not None:
        head += struct.pack(">HH", 0xABAC, len(packet.extension) // 4) + packet.extension
    padding = bytes(packet.padding - 1) + bytes([packet.padding]) if packet.padding else b""
    return head + packet.payload + padding


def interleaved(channel: int, data: bytes) -> bytes:
    return struct.pack(">cBH", b"$", channel & 0xFF, len(data)) + data

#!/usr/bin/env python3
"""A camera_simulator full of RTSP cameras in one process, for the tests and the benchmarks (Python's standard library alone).

Any path is a camera: `rtsp://127.0.0.1:PORT/cam7`, or `/NAME/cam7` for the clip NAME. Names that begin with `locked`
want Digest and those with `basic` Basic authentication. Those that begin with `voice` have G.711 as well: a tone of 1 kHz
that is heard during every other second of the frames. RTP comes over the RTSP connection (RFC 2326, 10.12); UDP is
refused with 461. Timestamps and counters go on over the end of the clip and over reconnects; what was sent to whom is
told by `GET /stats` on the control port, and `POST /fault` makes a camera misbehave: `{"camera": "cam7", "fault":
"stall"}`. `camera` may be `*`. Faults:

    stall      connections stay, nothing is sent           401 404 453 503   answers to DESCRIBE (453: SETUP)
    silent     requests are never answered                 redirect          302 to `location`
    close      connections end, new ones too               jump              timestamps leap by `seconds`
    garbage    random bytes instead of answers and media   mute              no sound is sent
    resize     goes on with the clip `clip`                resume            all well again
    refuse     with `port` instead of `camera`: that port does not listen (until `resume`)
"""

import argparse
import asyncio
import json
import os
import signal
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from clip import Clip, ClipSpec, counter_nal, make  # noqa: E402
from rtsp import RTSPConnection  # noqa: E402

GROUPS = 8  # cameras of different groups have their key frames at different times
TOO_FAR_BEHIND = 4 << 20
# One period of 1 kHz in G.711 (µ-law), and silence.
TONE, SILENCE = bytes([0xFF, 0x96, 0x8C, 0x96, 0xFF, 0x16, 0x0C, 0x16]), bytes([0xFF] * 8)


def voice(counter: int, fps: int, connection: RTSPConnection) -> bytes:
    """The interleaved RTP packet of the sound of one frame: a tone in every other second."""
    samples = 8000 // fps
    payload = (TONE if counter // fps % 2 == 0 else SILENCE) * (samples // 8)
    sequence, connection.voice_sequence = connection.voice_sequence, connection.voice_sequence + 1 & 0xFFFF
    timestamp = counter * samples & 0xFFFFFFFF
    head = struct.pack(">BBHBBHII", 0x24, connection.voice_channel, len(payload) + 12, 0x80, 0, sequence, timestamp, 7)
    return head + payload


@dataclass
class Camera:
    """One camera: which clip it plays, how it misbehaves, and every connection it ever had."""

    name: str
    clip: Clip
    group: int
    fault: str = ""
    arguments: dict = field(default_factory=dict)
    describes: int = 0
    connections: list = field(default_factory=list)

    @property
    def has_voice(self) -> bool:
        return self.name.split("/")[-1].startswith("voice")

    def report(self) -> dict:
        return {"fault": self.fault, "describes": self.describes, "connections": [c.report() for c in self.connections]}


class CameraSimulator:
    """All cameras, the clock they share, and the packets of the present frame, made once for all who get the same."""

    def __init__(self, clips: dict[str, Clip], user: str, password: str):
        self.clips, self.user, self.password = clips, user, password
        self.cameras: dict[str, Camera] = {}
        self.started = time.monotonic()
        self.packed: dict[tuple, bytes] = {}
        self.worst_lag = 0.0
        self.slow_clients = 0
        self.next_counter: dict[tuple[int, int], int] = {}

    def camera(self, path: str) -> Camera:
        parts = [part for part in path.split("?")[0].split("/") if part]
        if parts and parts[-1].startswith("track"):
            parts.pop()
        name = "/".join(parts) or "cam"
        if name not in self.cameras:
            clip = (
                self.clips[parts[0]] if len(parts) > 1 and parts[0] in self.clips else next(iter(self.clips.values()))
            )
            digits = "".join(filter(str.isdigit, name))
            self.cameras[name] = Camera(name, clip, int(digits or 0) % GROUPS)
        return self.cameras[name]

    def upcoming(self, camera: Camera) -> int:
        """The counter of the next frame this camera will send."""
        return self.next_counter[camera.clip.spec.fps, camera.group]

    def pack(self, clip: Clip, counter: int, sequence: int, timestamp: int, channel: int) -> bytes:
        """The interleaved RTP packets of one frame."""
        key = (id(clip), counter, sequence, timestamp, channel)
        if key not in self.packed:
            unit = clip.unit(counter)
            payloads = [*unit.before, counter_nal(counter), *unit.after]
            last, parts = len(payloads) - 1, []
            for index, payload in enumerate(payloads):
                parts.append(
                    struct.pack(
                        ">BBHBBHII",
                        0x24,
                        channel,
                        len(payload) + 12,
                        0x80,
                        96 | (0x80 if index == last else 0),
                        (sequence + index) & 0xFFFF,
                        timestamp & 0xFFFFFFFF,
                        0x0B5E7 + channel,
                    )
                )
                parts.append(payload)
            self.packed[key] = b"".join(parts)
        return self.packed[key]

    async def play(self, fps: int, group: int) -> None:
        """Sends the frames of the cameras of one group with one frame rate, on time, for ever."""
        phase = group / (GROUPS * fps)
        counter = group * 3 * fps // GROUPS
        first = counter
        while True:
            due = self.started + phase + (counter - first) / fps
            self.next_counter[fps, group] = counter
            delay = due - time.monotonic()
            if delay > 0:
                await asyncio.sleep(delay)
            else:
                self.worst_lag = max(self.worst_lag, -delay)
                if counter % 8 == 0:
                    await asyncio.sleep(0)
            self.packed.clear()
            for camera in list(self.cameras.values()):
                if camera.group == group and camera.clip.spec.fps == fps:
                    for connection in camera.connections:
                        if connection.playing:
                            self.send(camera, connection, counter)
            counter += 1

    def send(self, camera: Camera, connection: RTSPConnection, counter: int) -> None:
        if camera.fault == "stall" or counter < connection.first_counter:
            return
        if camera.fault == "garbage":
            connection.write(os.urandom(2000))
            return
        clip = connection.clip
        if camera.fault == "resize" and clip is camera.clip:
            other = self.clips[camera.arguments["clip"]]
            if other.unit(counter).is_key:
                clip = connection.clip = other
        elif camera.fault != "resize" and clip is not camera.clip and camera.clip.unit(counter).is_key:
            clip = connection.clip = camera.clip
        timestamp = counter * clip.ticks
        if camera.fault == "jump":
            timestamp += int(camera.arguments.get("seconds", 3600) * 90000)
        connection.write(self.pack(clip, counter, connection.sequence, timestamp, connection.channel))
        connection.sequence = (connection.sequence + clip.unit(counter).packets) & 0xFFFF
        if connection.voice_channel is not None and camera.fault != "mute":
            connection.write(voice(counter, clip.spec.fps, connection))
        connection.note_sent(counter)
        if connection.behind > TOO_FAR_BEHIND:
            self.slow_clients += 1
            connection.end("did not read")

    def set_fault(self, order: dict) -> list[str]:
        fault = order["fault"]
        names = list(self.cameras) if order["camera"] == "*" else [order["camera"]]
        for name in names:
            camera = self.camera("/" + name)
            camera.fault = "" if fault == "resume" else fault
            camera.arguments = {key: value for key, value in order.items() if key not in ("camera", "fault")}
            if fault == "close":
                for connection in camera.connections:
                    connection.end("fault")
        return names

    def origin(self, camera: Camera) -> float:
        """The time of day at which frame 0 would have been due; every other one is due as many frames later."""
        fps, group = camera.clip.spec.fps, camera.group
        first = group * 3 * fps // GROUPS
        return time.time() - time.monotonic() + self.started + group / (GROUPS * fps) - first / fps

    def report(self) -> dict:
        return {
            "cameras": {
                name: camera.report() | {"origin": self.origin(camera)} for name, camera in self.cameras.items()
            },
            "worst_lag_ms": round(self.worst_lag * 1000, 1),
            "slow_clients": self.slow_clients,
            "cpu_seconds": time.process_time(),
            "uptime_seconds": time.monotonic() - self.started,
        }


class Door:
    """One RTSP port, which can be shut (connections refused) and opened again."""

    def __init__(self, camera_simulator: CameraSimulator, port: int):
        self.camera_simulator, self.port, self.server = camera_simulator, port, None
        self.connections: set[RTSPConnection] = set()

    async def open(self) -> None:
        if self.server is None:
            self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, backlog=1024, limit=1 << 16)
            self.port = self.server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None
        for connection in list(self.connections):
            connection.end("port shut")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = RTSPConnection(self.camera_simulator, reader, writer, self.port)
        self.connections.add(connection)
        try:
            await connection.serve()
        finally:
            self.connections.discard(connection)


class Control:
    """The HTTP endpoint for the tests: GET /stats, GET /health, POST /fault."""

    def __init__(self, camera_simulator: CameraSimulator, doors: list[Door]):
        self.camera_simulator, self.doors = camera_simulator, doors

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split("\r\n")[0].split(" ")
            length = next(
                (
                    int(line.split(":")[1])
                    for line in head.split("\r\n")[1:]
                    if line.lower().startswith("content-length:")
                ),
                0,
            )
            status, answer = await self.answer(method, target, await reader.readexactly(length))
        except (ValueError, KeyError, asyncio.IncompleteReadError) as error:
            status, answer = "400 Bad Request", {"error": repr(error)}
        body = json.dumps(answer).encode()
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + body
        )
        try:
            await writer.drain()
        except ConnectionError:
            pass
        writer.close()

    async def answer(self, method: str, target: str, body: bytes) -> tuple[str, object]:
        if method == "GET" and target == "/stats":
            return "200 OK", self.camera_simulator.report()
        if method == "GET" and target == "/health":
            return "200 OK", {"rtsp": [door.port for door in self.doors]}
        if method == "POST" and target == "/fault":
            order = json.loads(body)
            if "port" not in order:
                return "200 OK", {"cameras": self.camera_simulator.set_fault(order)}
            door = next(door for door in self.doors if door.port == order["port"])
            await (door.shut() if order["fault"] == "refuse" else door.open())
            return "200 OK", {"port": door.port}
        return "404 Not Found", {"error": "GET /stats, GET /health or POST /fault"}


async def main(options: argparse.Namespace) -> None:
    clips = {}
    for text in options.clip or ["main=640x360@25,500k,g25"]:
        name, _, spec_text = text.partition("=")
        spec = ClipSpec.parse(spec_text)
        clips[name] = Clip(spec, make(spec, options.clips))
    camera_simulator = CameraSimulator(clips, options.user, os.environ.get("SIMULATOR_PASSWORD", "test-password"))
    doors = [Door(camera_simulator, port) for port in (options.port or [0])]
    doors += [Door(camera_simulator, 0) for _ in range(options.more_ports)]
    rates = {clip.spec.fps for clip in clips.values()}
    players = [asyncio.create_task(camera_simulator.play(fps, group)) for fps in rates for group in range(GROUPS)]
    await asyncio.sleep(0)
    for door in doors:
        await door.open()
    control = await asyncio.start_server(Control(camera_simulator, doors).serve, "127.0.0.1", options.control)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(
        json.dumps(
            {
                "rtsp": [door.port for door in doors],
                "control": control.sockets[0].getsockname()[1],
                "clips": {name: clip.measured_kbits for name, clip in clips.items()},
            }
        ),
        flush=True,
    )
    ended = asyncio.create_task(stop.wait())
    await asyncio.wait([ended, *players], return_when=asyncio.FIRST_COMPLETED)
    for player in players:
        if player.done():
            player.result()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, action="append", help="RTSP port (0: any free one); may be repeated")
    parser.add_argument("--more-ports", type=int, default=0, help="further RTSP ports, any free ones")
    parser.add_argument("--control", type=int, default=0, help="port of the control endpoint")
    parser.add_argument(
        "--clip",
        action="append",
        help="NAME=WIDTHxHEIGHT@FPS,KBITSk,gGOP; the first is every camera's; may be repeated",
    )
    parser.add_argument(
        "--clips",
        type=Path,
        default=Path(__file__).resolve().parents[2] / ".build" / "clips",
        help="where clips are kept",
    )
    parser.add_argument("--user", default="viewer")
    # The password by the environment (SIMULATOR_PASSWORD): command lines are public on a machine.
    asyncio.run(main(parser.parse_args()))

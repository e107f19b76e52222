"""One RTSP connection of an odd camera (RFC 2326): the dialogue of a well-behaved one, changed where its case says so."""

import asyncio
import re
import secrets
import socket
import time
from dataclasses import dataclass

from .case import Answer, Request
from .description import describe
from .login import Door
from .stream import Stream

REASONS = {
    200: "OK",
    302: "Moved",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    461: "Unsupported Transport",
    501: "Not Implemented",
    503: "Service Unavailable",
}


@dataclass
class Way:
    """How the packets of a track reach the client."""

    channel: int = 0
    client: tuple[str, int] | None = None  # of UDP
    sockets: tuple[socket.socket, socket.socket] | None = None


class Session:
    """Serves one client of one camera."""

    def __init__(self, camera, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.camera, self.case = camera, camera.case
        self.reader, self.writer = reader, writer
        self.identifier = secrets.token_hex(6)
        self.door = Door(self.case.login) if self.case.login else None
        self.ways: dict[str, Way] = {}  # by track
        self.stream: Stream | None = None
        self.notes: dict = {}
        self.tasks: list[asyncio.Task] = []
        self.alive = time.monotonic()
        self.record = {"opened": time.time(), "closed": None, "reason": "", "requests": [], "frames": [], "audio": 0, "reports": 0, "lag": 0.0}
        camera.connections.append(self.record)

    # Reading

    async def serve(self, head: bytes) -> None:
        """Serves requests, the first of which begins with `head`."""
        try:
            while True:
                request = await self.read(head)
                head = b""
                if request:
                    self.take(request)
                    await self.writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            self.end(f"client left: {type(error).__name__}")
        finally:
            self.end("client left")

    async def read(self, head: bytes) -> Request | None:
        head = head or await self.reader.readexactly(1)
        if head == b"$":
            size = (await self.reader.readexactly(3))[1:]
            self.take_report(await self.reader.readexactly(int.from_bytes(size, "big")))
            return None
        if not head.endswith(b"\r\n\r\n"):
            head += await self.reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").lstrip("\r\n").split("\r\n")
        pairs = (line.partition(":") for line in lines[1:] if line)
        fields = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if length := int(fields.get("content-length", "0")):
            await self.reader.readexactly(length)
        method, url, _ = lines[0].split(" ", 2)
        if method.startswith("RTSP/"):
            self.note(f"answer {url}")
            return None
        return Request(method, url, fields)

    def take_report(self, packet: bytes) -> None:
        self.record["reports"] += 1
        if "RTCP" in self.case.counted:
            self.alive = time.monotonic()

    def note(self, what: str, status: int = 0) -> None:
        self.record["requests"].append([round(time.time(), 3), what, status])

    # Answers

    def take(self, request: Request) -> None:
        answer = self.answer(request)
        if answer.status < 400 and request.method in self.case.counted:
            self.alive = time.monotonic()
        if self.case.answer:
            self.case.answer(answer, request, self)
        self.note(request.method, answer.status)
        if not answer.is_silent:
            self.write(answer.bytes())
        if request.method == "PLAY" and answer.status == 200:
            self.play()
        if request.method == "TEARDOWN":
            self.end("torn down")

    def answer(self, request: Request) -> Answer:
        if self.door and request.method != "OPTIONS" and not self.door.passes(request):
            return self.reply(request, 401, *self.door.challenges())
        if request.method == "OPTIONS":
            return self.reply(request, 200, ["Public", "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER, SET_PARAMETER"])
        if request.method == "DESCRIBE":
            lines = describe(self.camera)
            lines = self.case.describe(lines) if self.case.describe else lines
            fields = [["Content-Type", "application/sdp"], ["Content-Base", request.url.rstrip("/") + "/"]]
            return self.reply(request, 200, *fields, body="\r\n".join(lines) + "\r\n")
        if request.method == "SETUP":
            return self.set_up(request)
        if request.method in ("PLAY", "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER"):
            return self.reply(request, 200, ["Session", self.identifier])
        return self.reply(request, 501)

    def reply(self, request: Request, status: int, *fields: list[str], body: str = "") -> Answer:
        first = [["CSeq", request.fields.get("cseq", "0")], ["Server", "Odd camera 1.0"]]
        length = [["Content-Length", str(len(body.encode()))]] if body else []
        return Answer(status, REASONS[status], [*first, *fields, *length], body)

    def set_up(self, request: Request) -> Answer:
        track = "audio" if request.url.split("?")[0].endswith("audio") else "video"
        transport = request.fields.get("transport", "")
        ports = re.search(r"client_port=(\d+)", transport)
        if "TCP" in transport:
            found = re.search(r"interleaved=(\d+)", transport)
            channel = int(found[1]) if found else 2 * len(self.ways)
            self.ways[track] = Way(channel)
            granted = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
        elif ports:
            way = self.ways[track] = Way(client=("127.0.0.1", int(ports[1])), sockets=pair_of_ports())
            own = way.sockets[0].getsockname()[1]
            granted = f"RTP/AVP;unicast;client_port={ports[1]}-{int(ports[1]) + 1};server_port={own}-{own + 1}"
        else:
            return self.reply(request, 461)
        seconds = f";timeout={self.case.timeout}" if self.case.timeout else ""
        return self.reply(request, 200, ["Transport", granted], ["Session", self.identifier + seconds])

    def write(self, data: bytes) -> None:
        if not self.writer.transport.is_closing():
            self.writer.write(data)

    # Playing

    def play(self) -> None:
        if self.stream:
            return
        self.stream = Stream(self)
        self.start(self.stream.send_pictures())
        self.start(self.watch())
        if self.camera.sound and "audio" in self.ways:
            self.start(self.stream.send_sound(self.camera.sound))
        if self.case.report:
            self.start(self.stream.send_reports())
        if self.case.life:
            self.start(self.case.life(self))

    def start(self, work) -> None:
        task = asyncio.ensure_future(work)
        task.add_done_callback(self.finished)
        self.tasks.append(task)

    def finished(self, task: asyncio.Task) -> None:
        if not task.cancelled() and task.exception():
            self.camera.complaints.append(repr(task.exception()))
            self.end("the camera broke")

    async def watch(self) -> None:
        """Ends a session that gave no sign of life for as long as its time-out."""
        limit = float(re.sub(r"\D", "", self.case.timeout) or 60)
        while True:
            await asyncio.sleep(0.1)
            silence = time.monotonic() - self.alive
            if silence > limit + 0.3:
                self.end(f"no sign of life for {limit:g} s")

    def end(self, reason: str) -> None:
        if self.record["closed"] is None:
            self.record["closed"], self.record["reason"] = time.time(), reason
        for task in self.tasks:
            task.cancel()
        for way in self.ways.values():
            for one in way.sockets or ():
                one.close()
        self.writer.close()


def pair_of_ports() -> tuple[socket.socket, socket.socket]:
    """UDP sockets on an even port and the next."""
    while True:
        first, second = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        first.bind(("127.0.0.1", 0))
        port = first.getsockname()[1]
        try:
            if port % 2 == 0:
                second.bind(("127.0.0.1", port + 1))
                return first, second
        except OSError:
            pass
        first.close()
        second.close()

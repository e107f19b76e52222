"""One RTSP connection of the camera simulator (RFC 2326): requests in, answers and interleaved RTP out."""

import asyncio
import base64
import hashlib
import os
import re
import secrets
import time

STATUS = {
    200: "OK",
    302: "Moved Temporarily",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
    503: "Service Unavailable",
}
REALM = "Camera simulator"


class RTSPConnection:
    """Serves one client. The camera_simulator sends the media; this class says whether, and from which frame on."""

    def __init__(self, camera_simulator, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int):
        self.camera_simulator, self.reader, self.writer, self.port = camera_simulator, reader, writer, port
        self.camera = None
        self.clip = None
        self.playing = False
        self.channel = 0
        self.voice_channel = None
        self.voice_sequence = 0
        self.first_counter = 0
        self.sequence = 0
        self.session = secrets.token_hex(8)
        self.nonce = secrets.token_hex(16)
        self.ranges: list[list[int]] = []  # counters sent, as [first, last] runs
        self.bytes = 0
        self.opened = time.time()
        self.first_sent = self.last_sent = self.closed = None
        self.reason = ""
        self.methods: list[str] = []  # each once, in the order of their first request

    # What the camera_simulator uses

    @property
    def behind(self) -> int:
        """Bytes handed over that the client has not taken."""
        return self.writer.transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        if not self.writer.transport.is_closing():
            self.bytes += len(data)
            self.writer.write(data)

    def note_sent(self, counter: int) -> None:
        self.last_sent = time.time()
        self.first_sent = self.first_sent or self.last_sent
        if self.ranges and self.ranges[-1][1] == counter - 1:
            self.ranges[-1][1] = counter
        else:
            self.ranges.append([counter, counter])

    def end(self, reason: str) -> None:
        self.playing = False
        self.reason = self.reason or reason
        self.closed = self.closed or time.time()
        self.writer.transport.abort()

    def report(self) -> dict:
        return {
            "port": self.port,
            "playing": self.playing,
            "ranges": self.ranges,
            "bytes": self.bytes,
            "behind": self.behind,
            "opened": self.opened,
            "first_sent": self.first_sent,
            "last_sent": self.last_sent,
            "closed": self.closed,
            "reason": self.reason,
            "methods": self.methods,
        }

    # The conversation

    async def serve(self) -> None:
        self.writer.transport.set_write_buffer_limits(high=64 << 20)
        try:
            while await self.serve_one():
                pass
            self.reason = self.reason or "client left"
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            self.reason = self.reason or f"connection lost: {type(error).__name__}"
        finally:
            self.playing = False
            self.closed = self.closed or time.time()
            self.writer.close()

    async def serve_one(self) -> bool:
        """Reads one request, or one interleaved packet (receiver reports, ignored), and answers it."""
        first = await self.reader.readexactly(1)
        if first == b"$":
            head = await self.reader.readexactly(3)
            await self.reader.readexactly(int.from_bytes(head[1:], "big"))
            return True
        text = (first + await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lstrip("\r\n")
        lines = text.split("\r\n")
        method, url, _ = lines[0].split(" ", 2)
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines[1:] if line)
        }
        if length := int(headers.get("content-length", "0")):
            await self.reader.readexactly(length)
        if method not in self.methods:
            self.methods.append(method)
        path = re.sub(r"^rtsps?://[^/]*", "", url)
        camera = self.camera_simulator.camera(path)
        self.adopt(camera)
        if camera.fault == "close":
            self.end("fault")
            return False
        if camera.fault == "silent":
            return True
        if camera.fault == "garbage":
            self.write(os.urandom(400))
            return True
        self.answer(method, url, path, headers, camera)
        await self.writer.drain()
        return method != "TEARDOWN"

    def adopt(self, camera) -> None:
        if self.camera is None:
            self.camera, self.clip = camera, camera.clip
            camera.connections.append(self)

    def answer(self, method: str, url: str, path: str, headers: dict, camera) -> None:
        if method == "OPTIONS":
            self.reply(
                headers, 200, {"Public": "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER, SET_PARAMETER"}
            )
        elif method == "DESCRIBE":
            self.describe(method, url, headers, camera)
        elif method == "SETUP":
            self.set_up(method, url, headers, camera)
        elif method == "PLAY":
            self.start_playing(method, url, headers, camera)
        elif method == "TEARDOWN":
            self.playing = False
            self.reply(headers, 200, {})
        elif method in ("GET_PARAMETER", "SET_PARAMETER", "PAUSE"):
            self.playing = self.playing and method != "PAUSE"
            self.reply(headers, 200, {"Session": self.session})
        else:
            self.reply(headers, 501, {})

    def describe(self, method: str, url: str, headers: dict, camera) -> None:
        camera.describes += 1
        if camera.fault == "redirect":
            self.reply(headers, 302, {"Location": camera.arguments["location"]})
        elif camera.fault in ("404", "503"):
            self.reply(headers, int(camera.fault), {})
        elif camera.fault == "401" or not self.may_pass(method, headers, camera):
            self.refuse(headers, camera)
        else:
            sdp = camera.clip.sdp("127.0.0.1", camera.has_voice)
            self.reply(headers, 200, {"Content-Type": "application/sdp", "Content-Base": url.rstrip("/") + "/"}, sdp)

    def set_up(self, method: str, url: str, headers: dict, camera) -> None:
        transport = headers.get("transport", "")
        if camera.fault == "453":
            self.reply(headers, 453, {})
        elif not self.may_pass(method, headers, camera):
            self.refuse(headers, camera)
        elif "RTP/AVP/TCP" not in transport:
            self.reply(headers, 461, {})
        else:
            channels = re.search(r"interleaved=(\d+)-(\d+)", transport)
            channel = int(channels.group(1)) if channels else 0
            if url.endswith("track2"):
                self.voice_channel = channel
            else:
                self.channel = channel
            self.reply(
                headers,
                200,
                {
                    "Transport": f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}",
                    "Session": f"{self.session};timeout=60",
                },
            )

    def start_playing(self, method: str, url: str, headers: dict, camera) -> None:
        if not self.may_pass(method, headers, camera):
            self.refuse(headers, camera)
            return
        upcoming = self.camera_simulator.upcoming(camera)
        # `?join=any` begins in the middle of a group of pictures, as some cameras do; otherwise a key frame is first.
        self.first_counter = upcoming if "join=any" in url else camera.clip.next_key(upcoming)
        self.sequence = camera.clip.sequence(self.first_counter)
        timestamp = self.first_counter * camera.clip.ticks & 0xFFFFFFFF
        self.voice_time = self.first_counter * 8000 // camera.clip.spec.fps & 0xFFFFFFFF
        self.reply(
            headers,
            200,
            {
                "Session": self.session,
                "Range": "npt=0.000-",
                "RTP-Info": f"url={url.rstrip('/')}/track1;seq={self.sequence};rtptime={timestamp}"
                + (f",url={url.rstrip('/')}/track2;seq=0;rtptime={self.voice_time}" if camera.has_voice else ""),
            },
        )
        self.playing = True

    def reply(self, headers: dict, status: int, fields: dict, body: str = "") -> None:
        lines = [f"RTSP/1.0 {status} {STATUS[status]}", f"CSeq: {headers.get('cseq', '0')}", "Server: camera-simulator"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())

    # Authentication (RFC 2617)

    def refuse(self, headers: dict, camera) -> None:
        basic = camera.name.split("/")[-1].startswith("basic")
        challenge = f'Basic realm="{REALM}"' if basic else f'Digest realm="{REALM}", nonce="{self.nonce}"'
        self.reply(headers, 401, {"WWW-Authenticate": challenge})

    def may_pass(self, method: str, headers: dict, camera) -> bool:
        name = camera.name.split("/")[-1]
        given = headers.get("authorization", "")
        if name.startswith("basic"):
            pair = f"{self.camera_simulator.user}:{self.camera_simulator.password}".encode()
            return given == "Basic " + base64.b64encode(pair).decode()
        if not name.startswith("locked"):
            return True
        facts = dict(re.findall(r'(\w+)="?([^",]*)"?', given.removeprefix("Digest ")))
        secret = self.digest(f"{self.camera_simulator.user}:{REALM}:{self.camera_simulator.password}")
        wanted = self.digest(f"{secret}:{self.nonce}:" + self.digest(f"{method}:{facts.get('uri', '')}"))
        return facts.get("username") == self.camera_simulator.user and facts.get("response") == wanted

    @staticmethod
    def digest(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

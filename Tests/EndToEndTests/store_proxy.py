"""A store that behaves otherwise than SeaweedFS does: a proxy before it that refuses, spoils, and counts."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

CHECKSUM = "x-amz-checksum-"
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass
class StoreProxy:
    """Passes requests on as they were signed, until it is told to do something else with them."""

    home: object
    # As Backblaze B2 does, with its words.
    refuses_checksums: bool = False
    # As stores and keys do that let nobody look.
    refuses_heads: bool = False
    # The first upload of each object arrives with another byte.
    spoils: bool = False
    # Uploads wait until it is set.
    passes: threading.Event = field(default_factory=threading.Event)
    # Uploads that the store took, by path, and what was refused here, by method.
    taken: Counter = field(default_factory=Counter)
    refused: Counter = field(default_factory=Counter)
    spoiled: set[str] = field(default_factory=set)
    waiting: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.passes.set()
        self.store = self.home.environment()["AWS_ENDPOINT_URL_S3"]
        handler = type("Handler", (_Handler,), {"proxy": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "StoreProxy":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.home.store = self.store
        return self

    def __exit__(self, *_) -> None:
        self.home.store = ""
        self.passes.set()
        self.server.shutdown()
        self.server.server_close()

    def refusal(self, method: str, names: list[str]) -> tuple[int, bytes] | None:
        """The answer that is given in the store's place."""
        unknown = next((name for name in names if name.startswith(CHECKSUM)), None)
        if self.refuses_heads and method == "HEAD":
            return 403, b""
        if self.refuses_checksums and unknown:
            words = f"Unsupported header '{unknown}' received for this API call."
            return 400, f"<Error><Code>InvalidArgument</Code><Message>{words}</Message></Error>".encode()
        return None

    def spoil(self, path: str, body: bytes) -> bytes | None:
        """The body as it arrives the first time: with another byte, where a look at any place of it rarely finds it."""
        with self.lock:
            if not self.spoils or not body or path in self.spoiled:
                return None
            self.spoiled.add(path)
        place = len(body) // 16
        return body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: StoreProxy

    def handle_any(self) -> None:
        proxy, names = self.proxy, [name.lower() for name in self.headers]
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if refusal := proxy.refusal(self.command, names):
            with proxy.lock:
                proxy.refused[self.command] += 1
            return self.answer(refusal[0], [("Content-Type", "application/xml")], refusal[1])
        if self.command == "PUT":
            with proxy.lock:
                proxy.waiting += 1
            proxy.passes.wait(30)
            with proxy.lock:
                proxy.waiting -= 1
            if spoiled := proxy.spoil(self.path, body):
                # A store that checks nothing keeps what arrives.
                if proxy.refuses_checksums:
                    return self.keep(spoiled)
                body = spoiled
        self.forward(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    def forward(self, body: bytes) -> None:
        connection = HTTPConnection(urlsplit(self.proxy.store).netloc, timeout=30)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        if self.command == "PUT" and response.status == 200:
            with self.proxy.lock:
                self.proxy.taken[self.path] += 1
        # This store repeats checksums; one that does not know them does not.
        left_out = HOP_BY_HOP if self.command != "HEAD" else HOP_BY_HOP - {"content-length"}
        headers = [
            (name, value)
            for name, value in response.getheaders()
            if name.lower() not in left_out
            and not (self.proxy.refuses_checksums and name.lower().startswith(CHECKSUM))
        ]
        self.answer(response.status, headers, data)

    def keep(self, body: bytes) -> None:
        bucket, _, key = self.path.lstrip("/").partition("/")
        answer = self.proxy.home.s3().put_object(Bucket=bucket, Key=key, Body=body)
        self.answer(200, [("ETag", answer["ETag"])], b"")

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        try:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        except OSError:
            self.close_connection = True  # whoever asked has gone

    def send_response(self, code: int, message: str | None = None) -> None:
        # The store's own Date is passed on.
        self.send_response_only(code, message)

    def log_message(self, *_) -> None:
        pass

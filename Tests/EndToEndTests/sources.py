"""Cameras that do not speak RTSP: an MP4 file, MPEG-TS, MJPEG and live HLS over HTTP. All carry frame counters.

And HLS playlists that lead elsewhere.
"""

import http.server
import subprocess
import threading
import time
from pathlib import Path

from camera_simulator import CameraSimulator

from clip import UUID  # the simulator's; camera_simulator.py put its folder on the path


class Sources:
    """One HTTP server on loopback with `/file.mp4`, `/camera.mjpeg` and `/live/index.m3u8`."""

    MJPEG_FPS = 10

    def __init__(self, folder: Path, camera_simulator: CameraSimulator):
        self.folder = folder
        (folder / "live").mkdir(parents=True)
        self.record_file(camera_simulator)
        self.cut_file()
        self.jpegs = self.make_jpegs()
        self.mjpeg_sent: list[int] = []
        self.mjpeg_connections = 0
        self.mjpeg_lateness = 0.0
        self.asked: list[str] = []
        self.hls = subprocess.Popen(
            [
                "ffmpeg",
                "-hide_banner",
                "-loglevel",
                "error",
                "-nostdin",
                "-rtsp_transport",
                "tcp",
                "-i",
                camera_simulator.url("hlssource1"),
                "-c",
                "copy",
                "-f",
                "hls",
                "-hls_time",
                "1",
                "-hls_list_size",
                "6",
                "-hls_flags",
                "delete_segments+temp_file",
                str(folder / "live" / "index.m3u8"),
            ]
        )
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def record_file(self, camera_simulator: CameraSimulator) -> None:
        subprocess.run(
            [
                "ffmpeg",
                "-hide_banner",
                "-loglevel",
                "error",
                "-nostdin",
                "-y",
                "-rtsp_transport",
                "tcp",
                "-i",
                camera_simulator.url("filesource1"),
                "-c",
                "copy",
                "-t",
                "6",
                "-movflags",
                "+faststart",
                str(self.folder / "file.mp4"),
            ],
            check=True,
            timeout=60,
        )

    def cut_file(self) -> None:
        """The file as MPEG-TS, as a whole and in segments of a second, which `/stalls.m3u8` lists."""
        for arguments in (
            ["-f", "mpegts", str(self.folder / "file.ts")],
            ["-f", "segment", "-segment_time", "1", "-segment_format", "mpegts", str(self.folder / "cut%d.ts")],
        ):
            command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-i", str(self.folder / "file.mp4")]
            subprocess.run([*command, "-c", "copy", "-an", *arguments], check=True, timeout=60)
        self.cuts = len(list(self.folder.glob("cut*.ts")))
        self.stalls_since: float | None = None

    def playlist_that_stalls(self, handler) -> None:
        """Three segments of a second; a new one comes after one second, after 35 and after 36."""
        now = time.monotonic()
        self.stalls_since = self.stalls_since or now
        age = now - self.stalls_since
        last = min(2 if age < 1 else 3 if age < 35 else int(age - 35) + 4, self.cuts - 1)
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1", f"#EXT-X-MEDIA-SEQUENCE:{last - 2}"]
        for number in range(last - 2, last + 1):
            lines += ["#EXTINF:1.0,", f"cut{number}.ts"]
        body = ("\n".join(lines) + "\n").encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/vnd.apple.mpegurl")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def add_hostile_playlists(self, elsewhere: str) -> dict[str, str]:
        """Playlists whose segments, variants and keys name a local file or an address `elsewhere`; their addresses.

        One names an address that may be opened, to see that playlists are followed at all; what lies there is no video.
        """
        playlist = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n"
        segment = playlist + "#EXTINF:2.0,\n{0}\n#EXTINF:2.0,\n{0}\n"
        variant = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=500000,CODECS="avc1.42c01e"\n{0}\n'
        key = playlist + '#EXT-X-KEY:METHOD=AES-128,URI="{0}"\n#EXTINF:2.0,\nsegment.ts\n'
        local = "file:///etc/passwd"
        texts = {
            "a file as segment": segment.format(local),
            "a file as variant": variant.format(local),
            "a file as key": key.format(local),
            "another host as segment": segment.format(f"{elsewhere}/segment.ts"),
            "another host as variant": variant.format(f"{elsewhere}/index.m3u8"),
            "another host as key": key.format(f"{elsewhere}/key"),
            "nothing wrong": segment.format(f"{self.url}/hostile/segment.ts?followed"),
            "another protocol": segment.format(elsewhere.replace("http:", "rtsp:") + "/cam"),
        }
        (self.folder / "hostile").mkdir()
        (self.folder / "hostile" / "segment.ts").write_bytes(bytes(188 * 32))
        addresses = {}
        for number, (title, text) in enumerate(texts.items()):
            (self.folder / "hostile" / f"{number}.m3u8").write_text(text)
            addresses[title] = f"{self.url}/hostile/{number}.m3u8"
        return addresses

    def make_jpegs(self) -> list[bytes]:
        subprocess.run(
            [
                "ffmpeg",
                "-hide_banner",
                "-loglevel",
                "error",
                "-nostdin",
                "-y",
                "-f",
                "lavfi",
                "-i",
                "testsrc2=size=320x240:rate=10",
                "-frames:v",
                "20",
                "-q:v",
                "5",
                str(self.folder / "%02d.jpg"),
            ],
            check=True,
        )
        return [path.read_bytes() for path in sorted(self.folder.glob("*.jpg"))]

    def jpeg(self, counter: int, comments: int = 0) -> bytes:
        """A picture with its counter in a comment (marker FFFE) after the start of image, and others of 64 KB each."""
        picture = self.jpegs[counter % len(self.jpegs)]
        notes = [UUID + b"%012d" % counter] + [bytes(65_000)] * comments
        return picture[:2] + b"".join(b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note for note in notes) + picture[2:]

    def end(self) -> None:
        self.hls.terminate()
        self.hls.wait(10)
        self.server.shutdown()

    def handler(outer):  # noqa: N805
        class Handler(http.server.SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def __init__(self, *arguments):
                super().__init__(*arguments, directory=str(outer.folder))

            def do_GET(self):
                outer.asked.append(self.path)
                if self.path in ("/camera.mjpeg", "/lengthless.mjpeg", "/large.mjpeg"):
                    outer.stream_mjpeg(self)
                elif self.path == "/stalls.m3u8":
                    outer.playlist_that_stalls(self)
                else:
                    super().do_GET()

            def log_message(self, *arguments):
                pass

        return Handler

    def stream_mjpeg(self, handler) -> None:
        """A stream as cameras send it: multipart/x-mixed-replace, one JPEG a part, for ever; a large one has 32 Mbit/s."""
        self.mjpeg_connections += 1
        self.mjpeg_lateness = 0.0
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.send_header("Connection", "close")
        handler.end_headers()
        start, count = time.monotonic(), 0
        try:
            while True:
                counter = len(self.mjpeg_sent)
                picture = self.jpeg(counter, comments=6 if handler.path == "/large.mjpeg" else 0)
                handler.wfile.write(
                    b"--frame\r\nContent-Type: image/jpeg\r\n"
                    + (b"" if handler.path == "/lengthless.mjpeg" else b"Content-Length: %d\r\n" % len(picture))
                    + b"\r\n"
                    + picture
                    + b"\r\n"
                )
                handler.wfile.flush()
                self.mjpeg_sent.append(counter)
                count += 1
                early = start + count / self.MJPEG_FPS - time.monotonic()
                self.mjpeg_lateness = max(self.mjpeg_lateness, -early)
                time.sleep(max(0.0, early))
        except OSError:
            handler.close_connection = True

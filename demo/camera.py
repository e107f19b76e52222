"""A demo camera: one RTSP stream, on loopback unless told otherwise, rtsp://127.0.0.1:PORT/demo.

A generated moving picture (a ball over a quiet gradient, the time of day, a counter that grows by one a frame), H.264
with a key frame every two seconds, and AAC sound (a tick a second). The picture is drawn here, byte by byte: no fonts
and no X libraries are needed, and the counter in the picture is exactly the frame's number.

Encoding runs only while somebody watches, once for all who do.
"""
import argparse
import signal
import sys
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

WIDTH, HEIGHT, RATE = 640, 360, 15
KEY_FRAME_EVERY = 2 * RATE

PIPELINE = f"""
( appsrc name=source is-live=true format=time block=false
    caps=video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={RATE}/1
  ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=600 key-int-max={KEY_FRAME_EVERY} bframes=0 threads=1
  ! video/x-h264,profile=constrained-baseline ! h264parse
  ! rtph264pay name=pay0 pt=96 config-interval=-1
  audiotestsrc name=sound is-live=true wave=ticks volume=0.2 samplesperbuffer=1024
  ! audio/x-raw,rate=48000,channels=1 ! avenc_aac bitrate=48000 ! aacparse
  ! rtpmp4gpay name=pay1 pt=97 )
"""

# Digits and marks as 5 by 7 dots, one string of bits a row.
FONT = {
    "0": "01110 10001 10011 10101 11001 10001 01110", "1": "00100 01100 00100 00100 00100 00100 01110",
    "2": "01110 10001 00001 00110 01000 10000 11111", "3": "01110 10001 00001 00110 00001 10001 01110",
    "4": "00010 00110 01010 10010 11111 00010 00010", "5": "11111 10000 11110 00001 00001 10001 01110",
    "6": "00110 01000 10000 11110 10001 10001 01110", "7": "11111 00001 00010 00100 01000 01000 01000",
    "8": "01110 10001 10001 01110 10001 10001 01110", "9": "01110 10001 10001 01111 00001 00010 01100",
    ":": "00000 00100 00100 00000 00100 00100 00000", "-": "00000 00000 00000 11111 00000 00000 00000",
    "#": "01010 01010 11111 01010 11111 01010 01010", ".": "00000 00000 00000 00000 00000 01100 01100",
    " ": "00000 00000 00000 00000 00000 00000 00000",
}
INK, PAPER = 235, 40


def scaled_glyphs(scale):
    """For each character its seven rows, each row a run of brightness bytes."""
    cell = {"0": bytes([PAPER]) * scale, "1": bytes([INK]) * scale}
    space = bytes([PAPER]) * scale
    return {
        letter: [b"".join(cell[dot] for dot in row) + space for row in dots.split()] for letter, dots in FONT.items()
    }


class Picture:
    """Draws frames into one reused brightness plane; the colour planes never change."""

    def __init__(self):
        self.rows = [bytes([60 + 60 * y // HEIGHT]) * WIDTH for y in range(HEIGHT)]
        self.chroma = bytes([140]) * (WIDTH * HEIGHT // 4) + bytes([118]) * (WIDTH * HEIGHT // 4)
        self.big, self.small = scaled_glyphs(6), scaled_glyphs(4)
        half = 24
        self.ball = [round((half * half - (y - half + 0.5) ** 2) ** 0.5) for y in range(2 * half)]
        self.half = half

    def text(self, plane, left, top, letters, glyphs, scale):
        for row in range(7):
            line = b"".join(glyphs[letter][row] for letter in letters)
            for repeat in range(scale):
                start = (top + row * scale + repeat) * WIDTH + left
                plane[start : start + len(line)] = line

    def frame(self, number):
        plane = bytearray(b"".join(self.rows))
        # A triangle wave each way, of different lengths, so that the ball visits the whole picture.
        x = abs((number * 5) % (2 * (WIDTH - 48)) - (WIDTH - 48)) + self.half
        y = abs((number * 3) % (2 * (HEIGHT - 48)) - (HEIGHT - 48))
        for row, reach in enumerate(self.ball):
            start = (y + row) * WIDTH + x - reach
            plane[start : start + 2 * reach] = bytes([200]) * (2 * reach)
        now = time.time()
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now)) + f".{int(now * 10) % 10}"
        self.text(plane, 40, 40, clock, self.small, 4)
        self.text(plane, 40, 280, f"#{number:08d}", self.big, 6)
        return bytes(plane) + self.chroma


class Source:
    """Feeds one live pipeline: a frame each time it asks, with exact timestamps. The sinks keep the pace."""

    def __init__(self, appsrc):
        self.number = 0
        self.picture = Picture()
        appsrc.set_property("max-bytes", WIDTH * HEIGHT * 3)
        appsrc.connect("need-data", self.push)

    def push(self, appsrc, _length):
        frame = Gst.Buffer.new_wrapped(self.picture.frame(self.number))
        frame.pts = self.number * Gst.SECOND // RATE
        frame.duration = Gst.SECOND // RATE
        self.number += 1
        appsrc.emit("push-buffer", frame)


def configure(_factory, media):
    """Readies the pipeline that a new viewer started."""
    Source(media.get_element().get_by_name("source"))
    # The test sound can be rewound, so GStreamer would rewind the stream for the next viewer, and end it for all.
    sound = media.get_element().get_by_name("sound").get_static_pad("src")
    sound.add_probe(Gst.PadProbeType.QUERY_UPSTREAM, refuse_seeking)


def refuse_seeking(_pad, info):
    asked = info.get_query().type == Gst.QueryType.SEEKING
    return Gst.PadProbeReturn.DROP if asked else Gst.PadProbeReturn.OK


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8554)
    parser.add_argument("--address", default="127.0.0.1")
    arguments = parser.parse_args()
    port = arguments.port
    Gst.init(None)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(PIPELINE)
    factory.set_shared(True)
    factory.connect("media-configure", configure)
    server = GstRtspServer.RTSPServer()
    server.set_address(arguments.address)
    server.set_service(str(port))
    server.get_mount_points().add_factory("/demo", factory)
    if server.attach(None) == 0:
        print(f"error: port {port} is taken", flush=True)
        return 1
    print(f"rtsp://{arguments.address}:{port}/demo", flush=True)
    loop = GLib.MainLoop()
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, loop.quit)
    # Sessions of viewers that went away without a word are dropped.
    GLib.timeout_add_seconds(5, lambda: server.get_session_pool().cleanup() >= 0)
    loop.run()
    return 0


sys.exit(main())

"""The program of the odd cameras: it prints its ports, and for each line `CASE/INSTANCE` of its input what that camera has
seen; the end of input ends it."""

import argparse
import asyncio
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from odd.cases import CASES  # noqa: E402
from odd.film import RECIPES, Film  # noqa: E402
from odd.session import Session  # noqa: E402
from odd.sound import Sound, make  # noqa: E402


class Camera:
    """One camera, over all its connections."""

    def __init__(self, case, film: Film, sound: Sound | None):
        self.case, self.film, self.sound = case, film, sound
        self.counter = 1
        self.notes: dict = {}
        self.connections: list[dict] = []
        self.complaints: list[str] = []


class Cameras:
    """All cameras, made when somebody asks for them, and the films they share."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.films: dict[str, Film] = {}
        self.sounds: dict[str, Sound] = {}
        self.cameras: dict[str, Camera] = {}
        self.doors: dict[str, asyncio.Server] = {}
        self.ports: dict[str, int] = {}

    def film(self, name: str) -> Film:
        if name not in self.films:
            self.films[name] = Film(name, self.folder)
        return self.films[name]

    def sound(self, name: str) -> Sound | None:
        if name and name not in self.sounds:
            self.sounds[name] = make(name, self.folder)
        return self.sounds.get(name)

    def camera(self, path: str) -> Camera:
        name = "/".join(path.strip("/").split("?")[0].split("/")[:2])
        if name not in self.cameras:
            case = CASES[name.split("/")[0]]
            self.cameras[name] = Camera(case, self.film(case.film), self.sound(case.sound))
            self.cameras[name].others = self
        return self.cameras[name]

    async def open(self, door: str) -> None:
        address = "::1" if door == "six" else "127.0.0.1"
        server = await asyncio.start_server(self.serve, address, self.ports.get(door, 0), backlog=256, limit=1 << 17)
        self.doors[door], self.ports[door] = server, server.sockets[0].getsockname()[1]

    async def shut(self, door: str, seconds: float) -> None:
        """Lets nobody in at a door for so long."""
        self.doors[door].close()
        await asyncio.sleep(seconds)
        await self.open(door)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = re.search(rb"rtsp://[^/ ]*/(\S*)", head)
            camera = self.camera(path[1].decode()) if path else None
        except (KeyError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            camera = None
        if camera is None:
            writer.close()
        else:
            await Session(camera, reader, writer).serve(head)


async def main(folder: Path) -> None:
    cameras = Cameras(folder)
    for name in RECIPES:
        cameras.film(name)
    for case in CASES.values():
        cameras.sound(case.sound)
    for door in {case.port for case in CASES.values()}:
        await cameras.open(door)
    print(json.dumps(cameras.ports), flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().strip():
        camera = cameras.cameras.get(line)
        found = {"connections": camera.connections, "complaints": camera.complaints} if camera else None
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, default=Path(__file__).resolve().parents[3] / ".build" / "clips")
    asyncio.run(main(parser.parse_args().clips))

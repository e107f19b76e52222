"""Cameras that go away, and come back; and those that have more than a plain address."""

import asyncio
import socket
import time

from .case import Case


def leaves(after: float, how):
    """Leaves `after` so long, on each connection."""

    async def life(session) -> None:
        await asyncio.sleep(after)
        await how(session)

    return life


async def close(session) -> None:
    session.end("closed")


async def reset(session) -> None:
    # A reset destroys what is on its way, and may overtake it.
    for frame in session.record["frames"]:
        if time.time() - frame[2] < 0.02:
            frame[3] = 0
    session.writer.transport.abort()
    session.end("reset")


async def tear_down(session) -> None:
    session.stream.is_muted = True
    session.write(f"TEARDOWN rtsp://127.0.0.1/ RTSP/1.0\r\nCSeq: 3\r\nSession: {session.identifier}\r\n\r\n".encode())
    await asyncio.sleep(0.3)
    session.end("tore down")


async def hang(session) -> None:
    session.stream.is_muted = True
    await asyncio.sleep(60)


async def close_half(session) -> None:
    """Sends no more, and lets the client close."""
    session.stream.is_muted = True
    session.writer.transport.get_extra_info("socket").shutdown(socket.SHUT_WR)
    await asyncio.sleep(60)


async def go_away(session) -> None:
    """Closes, and lets nobody in for a while: it starts anew."""
    if not session.camera.notes.get("away"):
        session.camera.notes["away"] = True
        session.end("went away")
        # Not of this connection, which is over.
        session.camera.notes["task"] = asyncio.ensure_future(session.camera.others.shut(session.case.port, 6))


async def redirect(session) -> None:
    if not session.camera.notes.get("redirected"):
        session.camera.notes["redirected"] = True
        port = session.camera.others.ports["main"]
        session.write(f"REDIRECT * RTSP/1.0\r\nCSeq: 4\r\nLocation: rtsp://127.0.0.1:{port}/redirects-later/other\r\n\r\n".encode())


LEAVING = [
    Case("closes", "Closes the connection each 10 s.", life=leaves(10, close)),
    Case("closes-at-once", "Closes each connection 0.3 s after PLAY.", life=leaves(0.3, close)),
    Case("resets", "Resets the connection each 10 s.", life=leaves(10, reset)),
    Case("tears-down", "Ends the session itself each 10 s.", life=leaves(10, tear_down)),
    Case("hangs", "Sends nothing more after 8 s, and keeps the connection.", life=leaves(8, hang)),
    Case("closes-half", "Closes its half of the connection after 10 s.", life=leaves(10, close_half)),
    Case("goes-away", "Closes after 8 s, and refuses connections for 6 s.", life=leaves(8, go_away), port="away"),
    Case("address-name", "Is known by its name.", port="name"),
    Case("address-six", "Is reached over IPv6.", port="six"),
]

"""Oddities of the session: what keeps it alive, and what the camera asks itself. All time-outs are enforced."""

import asyncio

from .case import Answer, Case, Request
from .handshake import closing, refused, together, unheard


def once_playing(edit):
    """An edit of answers while media is sent."""

    def edited(answer: Answer, request: Request, session) -> None:
        if session.stream:
            edit(answer, request, session)

    return edited


def unlisted(answer: Answer, request: Request, session) -> None:
    if request.method == "OPTIONS":
        answer.set("Public", "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")


def asks(text: str, wants_answer: bool = True, every: float = 6.0):
    """Sends a request of its own now and then, and leaves a client that does not answer."""

    async def life(session) -> None:
        while True:
            await asyncio.sleep(every)
            session.write(text.format(session=session.identifier).replace("\n", "\r\n").encode())
            if wants_answer:
                await asyncio.sleep(3)
                if not any(what.startswith("answer") for _, what, _ in session.record["requests"]):
                    session.end("its request was not answered")

    return life


ANNOUNCED = "v=0\no=- 2 2 IN IP4 127.0.0.1\ns=Odd\nt=0 0\n"
PLAIN = ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "PLAY")
KEEPING_ALIVE = [
    Case("five-seconds", "Ends a session after 5 s without a request.", timeout="5"),
    Case("two-seconds", "Ends a session after 2 s without a request.", timeout="2"),
    Case("time-out-words", "Writes `timeout=5 seconds`.", timeout="5 seconds"),
    Case("alive-405", "Answers GET_PARAMETER with 405; OPTIONS counts.", timeout="5", answer=refused("GET_PARAMETER", 405)),
    Case("alive-501", "Answers GET_PARAMETER with 501; OPTIONS counts.", timeout="5", answer=refused("GET_PARAMETER", 501)),
    Case("alive-454", "Answers GET_PARAMETER with 454, and plays on; OPTIONS counts.", timeout="5", answer=refused("GET_PARAMETER", 454)),
    Case("alive-options-405", "Answers OPTIONS with 405 while it plays; GET_PARAMETER counts.", timeout="5", answer=once_playing(refused("OPTIONS", 405))),
    Case("alive-options", "Answers all, and counts OPTIONS alone.", timeout="5", counted=("OPTIONS", "PLAY")),
    Case("alive-parameter", "Answers all, and counts GET_PARAMETER alone.", timeout="5", counted=("GET_PARAMETER", "PLAY")),
    Case("alive-unlisted", "Does not list GET_PARAMETER, and closes the connection at it.", timeout="5", answer=together(unlisted, closing("GET_PARAMETER"))),
    Case("alive-unheard", "Counts GET_PARAMETER without an answer.", timeout="5", answer=once_playing(unheard("GET_PARAMETER"))),
    Case("alive-mute", "Counts requests, and answers none of them while it plays.", timeout="5", answer=once_playing(lambda answer, request, session: setattr(answer, "is_silent", True))),
    Case("alive-reports", "Counts receiver reports alone, as a common server library does.", timeout="20", counted=("RTCP", "PLAY")),
    Case("alive-none", "Answers 454 to all that should keep it alive, and needs nothing.", answer=once_playing(together(*(refused(method, 454) for method in PLAIN)))),
    Case("asks-options", "Asks OPTIONS of its client, and leaves one that does not answer.", life=asks("OPTIONS * RTSP/1.0\nCSeq: 1\nSession: {session}\n\n")),
    Case("asks-parameter", "Sends SET_PARAMETER with a body.", life=asks("SET_PARAMETER rtsp://127.0.0.1/ RTSP/1.0\nCSeq: 7\nContent-Length: 7\n\na: b\n\n")),
    Case("asks-lines", "Sends GET_PARAMETER without CSeq, and empty lines.", life=asks("\n\nGET_PARAMETER * RTSP/1.0\n\n", wants_answer=False)),
    Case("asks-announce", "Announces its description again.", life=asks(f"ANNOUNCE rtsp://127.0.0.1/ RTSP/1.0\nCSeq: 9\nContent-Length: {len(ANNOUNCED) + ANNOUNCED.count(chr(10))}\n\n{ANNOUNCED}")),
]

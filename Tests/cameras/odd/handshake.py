"""Oddities of answers: how they are written, numbered and ordered."""

import asyncio

from .case import Answer, Case, Request
from .stream import interleaved


def field(name: str, value: str | None, *methods: str):
    """Sets a field of the answers to these methods (all, without any), or takes it away."""

    def edit(answer: Answer, request: Request, session) -> None:
        if not methods or request.method in methods:
            answer.set(name, value)

    return edit


def together(*edits):
    def edit(answer: Answer, request: Request, session) -> None:
        for one in edits:
            one(answer, request, session)

    return edit


def newline(text: str, *methods: str):
    def edit(answer: Answer, request: Request, session) -> None:
        if not methods or request.method in methods:
            answer.newline = text

    return edit


def lower_case(answer: Answer, request: Request, session) -> None:
    answer.fields = [[name.lower(), value] for name, value in answer.fields]


def shouted(answer: Answer, request: Request, session) -> None:
    answer.fields = [[name.upper(), value] for name, value in answer.fields]


def folded(answer: Answer, request: Request, session) -> None:
    answer.fields = [[name, value.replace(";", ";\r\n\t", 1)] for name, value in answer.fields]


def number(text):
    """Writes CSeq as a function of the request's number says; None leaves it out."""

    def edit(answer: Answer, request: Request, session) -> None:
        answer.set("CSeq", text(int(request.fields.get("cseq", 0))))

    return edit


def behind(data: bytes, *methods: str):
    """Sends bytes behind the answers to these methods."""

    def edit(answer: Answer, request: Request, session) -> None:
        if not methods or request.method in methods:
            answer.tail = data

    return edit


def blank_values(answer: Answer, request: Request, session) -> None:
    answer.fields = [[f"{name} ", f"\t {value} \t"] for name, value in answer.fields]


def spaced_session(answer: Answer, request: Request, session) -> None:
    if request.method == "SETUP" and answer.status == 200:
        answer.set("Session", f" {session.identifier} ; timeout = {session.case.timeout} ")


def other_session(answer: Answer, request: Request, session) -> None:
    if request.method == "PLAY":
        answer.set("Session", "0")


def no_reason(answer: Answer, request: Request, session) -> None:
    answer.reason = ""


def dribbled(answer: Answer, request: Request, session) -> None:
    """Byte by byte, some milliseconds apart."""
    data, answer.is_silent = answer.bytes(), True

    async def dribble() -> None:
        for at in range(0, len(data), 16):
            session.write(data[at : at + 16])
            await asyncio.sleep(0.004)

    if request.method == "PLAY":
        session.write(data)
    else:
        session.start(dribble())


def provisional(answer: Answer, request: Request, session) -> None:
    session.write(f"RTSP/1.0 100 Continue\r\nCSeq: {request.fields['cseq']}\r\n\r\n".encode())


def doubled(answer: Answer, request: Request, session) -> None:
    if request.method in ("OPTIONS", "SETUP"):
        answer.tail = answer.bytes()


def media_first(answer: Answer, request: Request, session) -> None:
    """The answer to PLAY comes behind the first frames."""
    if request.method == "PLAY" and answer.status == 200:
        data, answer.is_silent = answer.bytes(), True

        async def late() -> None:
            await asyncio.sleep(0.55)
            session.write(data)

        session.start(late())


def unheard(method: str):
    """Gives no answer to a method."""

    def edit(answer: Answer, request: Request, session) -> None:
        answer.is_silent = answer.is_silent or request.method == method

    return edit


def refused(method: str, status: int, reason: str = "Refused"):
    def edit(answer: Answer, request: Request, session) -> None:
        if request.method == method:
            answer.status, answer.reason, answer.body = status, reason, ""
            answer.set("Content-Length", None)

    return edit


def closing(method: str):
    """Closes the connection at a method, without an answer."""

    def edit(answer: Answer, request: Request, session) -> None:
        if request.method == method:
            answer.is_silent = True
            session.end(f"closed at {method}")

    return edit


def half(answer: Answer, request: Request, session) -> None:
    """Half of the first description, and then nothing more on this connection."""
    memory = session.camera.notes
    if request.method == "DESCRIBE" and not memory.get("half"):
        memory["half"] = True
        data = answer.bytes()
        answer.raw = data[: len(data) // 2]

        async def leave() -> None:
            await asyncio.sleep(1.5)
            session.end("half an answer")

        session.start(leave())


def old_packets(answer: Answer, request: Request, session) -> None:
    """Packets of a session that is over lie before the answers."""
    if request.method in ("OPTIONS", "DESCRIBE", "SETUP"):
        session.write(interleaved(0, b"\x80\x60\x00\x07\x00\x00\x00\x07\x00\x00\x00\x07\x41" + bytes(500)) * 3)


def redirected(answer: Answer, request: Request, session) -> None:
    if request.method == "DESCRIBE" and "moved" not in request.url:
        answer.status, answer.reason, answer.body = 302, "Moved Temporarily", ""
        answer.set("Content-Length", None)
        answer.set("Location", request.url.rstrip("/") + "/moved")


def web_page(answer: Answer, request: Request, session) -> None:
    answer.raw = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


HANDSHAKE = [
    Case("line-feeds", "Ends its lines by LF alone, as home-made servers do.", answer=newline("\n")),
    Case("line-feeds-setup", "Ends the lines of the answer to SETUP by LF alone: a module added by another vendor.", answer=newline("\n", "SETUP")),
    Case("lower-case", "Writes the names of fields in lower case, as gateways behind an HTTP library do.", answer=lower_case),
    Case("upper-case", "Writes the names of fields in upper case.", answer=shouted),
    Case("folded", "Folds its fields over two lines, as RFC 822 allowed.", answer=folded),
    Case("blanks", "Puts blanks and tabs around each value, and before the colon.", answer=blank_values),
    Case("session-blanks", "Puts blanks into `Session: 1 ; timeout = 5`; enforced.", timeout="5", answer=spaced_session),
    Case("cseq-blank", "Puts a blank behind the number of CSeq.", answer=number(lambda n: f"{n} ")),
    Case("cseq-missing", "Has no CSeq: the first firmware of a doorbell.", answer=number(lambda n: None)),
    Case("cseq-zero", "Numbers all answers 0: cheap indoor cameras.", answer=number(lambda n: "0")),
    Case("cseq-before", "Numbers each answer as the one before.", answer=number(lambda n: str(n - 1))),
    Case("cseq-words", "Writes a word for a number.", answer=number(lambda n: "one")),
    Case("no-reason", "Writes `RTSP/1.0 200` and no reason.", answer=no_reason),
    Case("empty-lines", "Sends empty lines behind each answer.", answer=behind(b"\r\n\r\n")),
    Case("body-tail", "Sends a zero and an empty line behind the description.", answer=behind(b"\0\r\n", "DESCRIBE")),
    Case("dribble", "Sends its answers in pieces of 16 bytes: a slow serial bridge.", answer=dribbled),
    Case("provisional", "Says 100 before each answer.", answer=provisional),
    Case("doubled-answers", "Answers OPTIONS and SETUP twice.", answer=doubled),
    Case("old-packets", "Sends packets of a dead session into a new connection, as an old server library does.", answer=old_packets),
    Case("media-first", "Answers PLAY after the first frames.", answer=media_first),
    Case("play-unanswered", "Never answers PLAY, and plays.", answer=unheard("PLAY")),
    Case("play-other-session", "Names another session in its answer to PLAY.", answer=other_session),
    Case("options-404", "Answers OPTIONS with 404: it wants a path of its own for it.", answer=refused("OPTIONS", 404)),
    Case("options-closes", "Closes the connection at OPTIONS.", answer=closing("OPTIONS")),
    Case("no-session", "Names no session in any answer.", answer=field("Session", None)),
    Case("type-missing", "Names no type for its description.", answer=field("Content-Type", None)),
    Case("rtp-info-zero", "Tells 0 as the first number and time of its packets.", answer=field("RTP-Info", "url=video;seq=0;rtptime=0", "PLAY")),
    Case("rtp-info-wrong", "Tells the numbers of its last session.", answer=field("RTP-Info", "url=video;seq=77;rtptime=4000000000", "PLAY")),
    Case("redirect", "Leads to another path once.", answer=redirected),
    Case("half-answer", "Sends half of its first description, and closes.", answer=half),
    Case("not-rtsp", "Is a web page: the port of the pages in the place of the stream's.", answer=web_page),
    Case("not-found", "Answers 404: a path with a mistake in it.", answer=refused("DESCRIBE", 404)),
    Case("full", "Answers SETUP with 453: it serves two clients, and has them.", answer=refused("SETUP", 453, "Not Enough Bandwidth")),
    Case("starting", "Answers 503 while it starts.", answer=refused("DESCRIBE", 503)),
    Case("speechless", "Takes the connection, and answers nothing.", answer=lambda answer, request, session: setattr(answer, "is_silent", True)),
]

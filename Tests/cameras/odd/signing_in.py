"""Oddities of user name and password."""

from .case import Answer, Case, Login, Request
from .login import PASSWORD, USER

VIEWER = {"username": USER, "password": PASSWORD}


def split_line(answer: Answer, request: Request, session) -> None:
    """Two challenges, the second behind a line that ends by LF alone."""
    if answer.status == 401:
        answer.raw = answer.bytes().replace(b"\r\nWWW-Authenticate: Digest", b"\nWWW-Authenticate: Digest")


def unquoted(answer: Answer, request: Request, session) -> None:
    text = answer.get("WWW-Authenticate")
    answer.set("WWW-Authenticate", text.replace("Digest ", "digest  ").replace(", ", " ,") if text else None)


def case(name: str, told: str, **facts) -> Case:
    return Case(name, told, options=VIEWER, **facts)


SIGNING_IN = [
    case("basic", "Wants Basic.", login=Login(("Basic",))),
    case("digest", "Wants Digest with MD5.", login=Login()),
    case("digest-auth", "Wants Digest with `qop=auth`.", login=Login(quality="auth")),
    case("digest-sha-256", "Knows SHA-256 alone: recent firmware with the strict setting.", login=Login(("SHA-256",), quality="auth")),
    case("digest-both", "Offers SHA-256 and MD5.", login=Login(("SHA-256", "MD5"))),
    case("digest-both-one-line", "Offers MD5 and SHA-256 in one field.", login=Login(("MD5", "SHA-256"), separator=", ")),
    case("digest-session", "Wants MD5-sess.", login=Login(("MD5-sess",), quality="auth")),
    case("digest-unknown", "Offers an algorithm of its own before MD5.", login=Login(("SHA-512", "MD5"))),
    case("basic-and-digest", "Offers Basic and Digest, the second behind a line that ends by LF alone.", login=Login(("Basic", "MD5")), answer=split_line),
    case("digest-spelling", "Writes `digest`, with blanks before its commas.", login=Login(), answer=unquoted),
    case("nonce-once", "Takes each nonce for one request, and says `stale` then.", login=Login(uses=1)),
    case("nonce-twice-unsaid", "Takes each nonce for two requests, and does not say `stale`.", login=Login(uses=2, says_stale=False)),
    case("nonce-ages", "Wants another nonce after 4 s; its keep-alive fails with 401 until then. Time-out of 5 s, enforced.", login=Login(nonce_seconds=4), timeout="5"),
    case("nonce-ages-unsaid", "The same without `stale`.", login=Login(nonce_seconds=4, says_stale=False), timeout="5"),
    Case("locked", "Wants a password that Observer does not have.", login=Login(), options={"username": USER, "password": "another"}),
]

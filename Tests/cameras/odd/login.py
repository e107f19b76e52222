"""Basic and Digest authentication as cameras do it (RFC 2617, RFC 7616)."""

import base64
import hashlib
import re
import secrets
import time

from .case import Login, Request

REALM, USER, PASSWORD = "odd camera", "viewer", "watch me"


class Door:
    """Asks each request for its proof, and changes the nonce as its `Login` demands."""

    def __init__(self, login: Login):
        self.login = login
        self.is_replaced = False
        self.renew()

    def renew(self) -> None:
        self.nonce, self.made, self.uses = secrets.token_hex(12), time.monotonic(), 0

    def challenges(self) -> list[list[str]]:
        """The fields of a 401."""
        texts = [self.challenge(scheme) for scheme in self.login.schemes]
        if self.login.separator:
            texts = [self.login.separator.join(texts)]
        return [["WWW-Authenticate", text] for text in texts]

    def challenge(self, scheme: str) -> str:
        if scheme == "Basic":
            return f'Basic realm="{REALM}"'
        text = f'Digest realm="{REALM}", nonce="{self.nonce}"'
        if scheme != "MD5" or len(self.login.schemes) > 1:
            text += f", algorithm={scheme}"
        if self.login.quality:
            text += f', qop="{self.login.quality}"'
        return text + (", stale=true" if self.is_replaced and self.login.says_stale else "")

    def passes(self, request: Request) -> bool:
        given = request.fields.get("authorization", "")
        if given.startswith("Basic ") and "Basic" in self.login.schemes:
            return base64.b64decode(given[6:]).decode() == f"{USER}:{PASSWORD}"
        facts = {name: value.strip('"') for name, value in re.findall(r'(\w+)=("[^"]*"|[^\s,]+)', given)}
        self.is_replaced = False
        if facts.get("nonce") != self.nonce:
            self.is_replaced = "nonce" in facts
            return False
        if self.uses >= self.login.uses or time.monotonic() - self.made > self.login.nonce_seconds:
            self.renew()
            self.is_replaced = True
            return False
        self.uses += 1
        return facts.get("response") == self.response(facts, request.method)

    def response(self, facts: dict[str, str], method: str) -> str:
        algorithm = facts.get("algorithm", "MD5")
        if algorithm not in self.login.schemes:
            return ""
        name = "sha256" if algorithm.startswith("SHA-256") else "md5"

        def digest(*parts: str) -> str:
            return hashlib.new(name, ":".join(parts).encode(), usedforsecurity=False).hexdigest()

        secret = digest(USER, REALM, PASSWORD)
        if algorithm.endswith("-sess"):
            secret = digest(secret, self.nonce, facts.get("cnonce", ""))
        what = digest(method, facts.get("uri", ""))
        if "qop" in facts:
            return digest(secret, self.nonce, facts.get("nc", ""), facts.get("cnonce", ""), facts["qop"], what)
        return digest(secret, self.nonce, what)

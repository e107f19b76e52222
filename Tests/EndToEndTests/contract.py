"""Holds answers against the API's own document, `openapi.json` as the running server gives it out."""

import re

import jsonschema
import requests


class Contract:
    """The document of a running server, ready to judge answers."""

    def __init__(self, base: str):
        document = requests.get(f"{base}/openapi.json", timeout=10).json()
        self.components = document["components"]
        self.prefix = document["servers"][0]["url"]
        self.paths = [(pattern(path), methods) for path, methods in document["paths"].items()]

    def complaint(self, answer: requests.Response) -> str | None:
        """What is wrong with an answer; None when it is as the document says, or to a request that it does not have."""
        path = answer.request.path_url.split("?")[0].removeprefix(self.prefix)
        methods = next((methods for known, methods in self.paths if known.fullmatch(path)), {})
        operation = methods.get(answer.request.method.lower())
        if operation is None:
            return None
        asked = f"{answer.request.method} {path}"
        told = operation["responses"].get(str(answer.status_code))
        if told is None:
            return f"{asked}: the document knows no {answer.status_code}"
        if "$ref" in told:
            told = self.components["responses"][told["$ref"].rsplit("/", 1)[1]]
        contents = told.get("content", {})
        media = answer.headers.get("Content-Type", "").split(";")[0]
        if not contents:
            return f"{asked}: {answer.status_code} has a body, the document says none" if answer.content else None
        if media not in contents:
            return f"{asked}: {answer.status_code} is {media or 'without a type'}, not one of {list(contents)}"
        if not media.endswith("json"):
            return None
        schema = contents[media]["schema"] | {"components": self.components}
        wrong = list(jsonschema.Draft202012Validator(schema).iter_errors(answer.json()))
        return f"{asked}: {answer.status_code} at {wrong[0].json_path}: {wrong[0].message}" if wrong else None


def pattern(path: str) -> re.Pattern:
    """Of `/cameras/{id}`; a slash at the end never counts."""
    pieces = re.split(r"\{[^}]*\}", path.rstrip("/"))
    return re.compile("[^/]+".join(re.escape(piece) for piece in pieces) + "/?")

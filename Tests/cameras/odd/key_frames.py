"""Oddities of key frames: too few, too many, of changing sizes."""

from .case import Case, Picture


def in_turn(other: str):
    """Each group of frames is of the other film than the one before it."""

    def edit(picture: Picture, stream) -> None:
        film = stream.film
        if picture.index // film.gop % 2:
            picture.units = stream.camera.others.film(other).units(picture.index, picture.counter)

    return edit


def changed(at: float, other: str):
    """Goes over to another film with the first group after so long."""

    def edit(picture: Picture, stream) -> None:
        if picture.index // stream.film.gop * stream.film.gop / stream.film.fps >= at:
            picture.units = stream.camera.others.film(other).units(picture.index, picture.counter)

    return edit


def joined(seconds: float):
    """A key frame may still come for so long; then the rest is worth more than nothing."""

    def edit(picture: Picture, stream) -> None:
        picture.is_whole = picture.at > seconds

    return edit


KEY_FRAMES = [
    Case("group-10", "Sends a key frame in 10 s.", film="long"),
    Case("group-10-joined", "Sends a key frame in 10 s, and begins 6 s before the next.", film="long", first_index=40),
    Case("group-60", "Sends a key frame in a minute: a `smart` codec.", film="minute"),
    Case("group-60-joined", "Sends a key frame in a minute, and begins after it.", film="minute", first_index=5, picture=joined(10.5)),
    Case("refresh", "Sends one key frame, and refreshes bit by bit from then on.", film="refresh"),
    Case("refresh-joined", "Refreshes bit by bit, and begins after its only key frame.", film="refresh", first_index=5, picture=joined(10.5)),
    Case("keys-only", "Sends key frames alone.", film="keys"),
    Case("keys-quick", "Sends five key frames a second.", film="quick-keys"),
    Case("size-changes", "Changes its resolution once.", picture=changed(12, "other")),
    Case("size-in-turn", "Changes its resolution with each key frame.", picture=in_turn("other")),
    Case("size-in-turn-quick", "Changes its resolution five times a second.", film="quick-keys", picture=in_turn("quick-keys-other")),
    Case("hevc-joined", "Sends H.265 with a key frame in 6 s, and begins within a group.", film="hevc-long", first_index=20),
]

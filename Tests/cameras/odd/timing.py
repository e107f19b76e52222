"""Oddities of time: clocks that are wrong, and frames that come when they like."""

import random

from .case import Case, Picture
from .stream import CLOCK

EARLIER = 4  # seconds


def clock(function):
    """Timestamps as a function of the seconds since PLAY, in seconds."""

    def edit(picture: Picture, stream) -> None:
        picture.stamp = stream.base + round(function(picture.at) * CLOCK)

    return edit


def from_zero(picture: Picture, stream) -> None:
    picture.stamp = 0


def wrapping(picture: Picture, stream) -> None:
    """Timestamps that pass 2^32 after ten seconds."""
    picture.stamp = (1 << 32) - 10 * CLOCK + round(picture.at * CLOCK)


def backwards(picture: Picture, stream) -> None:
    """Each third frame is stamped a bit before the one ahead of it."""
    if picture.index % 3 == 2:
        picture.stamp -= round(0.12 * CLOCK)


def real(fps: float):
    """So many frames a second, whatever is said."""
    return lambda index, told: index / fps


def silence(begin: float, seconds: float, every: float = 1e9):
    """Nothing for some seconds; the frames of that time never come."""

    def edit(picture: Picture, stream) -> None:
        if picture.at > begin and (picture.at - begin) % every < seconds:
            picture.is_sent = False

    return edit


def unsent(begin: float, seconds: float):
    """Packets that are numbered, and dropped."""

    def edit(packets: list, picture: Picture, stream) -> list:
        picture.is_sent = not begin < picture.at < begin + seconds
        return packets if picture.is_sent else []

    return edit


def kept(picture: Picture, stream) -> None:
    """Stamps tell when a frame was taken, not when it was sent."""
    picture.taken = picture.index / stream.film.fps
    if stream.case.pace is begins_early:
        picture.taken -= EARLIER
    picture.stamp = stream.base + picture.index * CLOCK // stream.film.fps


def held_back(begin: float, seconds: float):
    """Frames are held back for some seconds, and come at once."""
    return lambda index, fps: begin + seconds if begin < index / fps < begin + seconds else index / fps


def bunches(size: int):
    return lambda index, fps: (index - index % size + size - 1) / fps


def begins_early(index: int, fps: float) -> float:
    """What was before PLAY comes at once: the camera keeps some seconds for events."""
    return max(0.0, index / fps - EARLIER)


def jittery(index: int, fps: float) -> float:
    return index / fps + random.Random(index).random() * 0.08


def by_index(factor: float):
    """Timestamps by the number of the frame, at a rate of its own."""

    def edit(picture: Picture, stream) -> None:
        picture.stamp = stream.base + round(picture.index * factor)

    return edit


def half_second(picture: Picture, stream) -> None:
    """The clock is set by some tenths, again and again."""
    picture.stamp += round(0.4 * CLOCK) * (int(picture.at / 8) % 2)


TIMING = [
    Case("clock-1khz", "Counts milliseconds, and says 90 kHz.", picture=by_index(100)),
    Case("rate-told-30-is-12", "Stamps for 30 frames a second, and sends 12: a long shutter in the dark.", picture=by_index(3000), pace=real(12)),
    Case("rate-told-25-is-20", "Stamps for 25 frames a second, and sends 20.", film="fast", picture=by_index(3600), pace=real(20)),
    Case("rate-told-25-is-30", "Stamps for 25 frames a second, and sends 30.", film="fast", picture=by_index(3600), pace=real(30)),
    Case("clock-doubled", "Has a clock that runs twice as fast.", picture=clock(lambda at: 2 * at)),
    Case("clock-halved", "Has a clock that runs half as fast.", picture=clock(lambda at: at / 2)),
    Case("clock-one-percent", "Has a clock that is one per cent fast.", picture=clock(lambda at: 1.01 * at)),
    Case("jump-hour", "Sets its clock an hour ahead while it plays.", picture=clock(lambda at: at + (3600 if at > 12 else 0))),
    Case("jump-back-hour", "Sets its clock an hour back.", picture=clock(lambda at: at - (3600 if at > 12 else 0))),
    Case("jump-back-little", "Sets its clock 0.3 s back.", picture=clock(lambda at: at - (0.3 if at > 12 else 0))),
    Case("jump-little", "Sets its clock 1.4 s ahead.", picture=clock(lambda at: at + (1.4 if at > 12 else 0))),
    Case("jump-often", "Sets its clock ahead and back each 8 s.", picture=half_second),
    Case("clock-freezes", "Stamps all frames alike from the twelfth second on.", picture=clock(lambda at: min(at, 12))),
    Case("clock-zero", "Stamps all frames 0.", picture=from_zero),
    Case("clock-freezes-shortly", "Stamps the frames of three seconds alike.", picture=clock(lambda at: 12 if 12 < at < 15 else at)),
    Case("stamps-backwards", "Stamps each third frame before the one ahead.", picture=backwards),
    Case("stamps-wrap", "Passes the end of its 32-bit clock.", picture=wrapping),
    Case("reports-ahead", "Tells a wall clock that is 1.5 s ahead in its reports after a while.", report=lambda wall, at: wall + (1.5 if at > 12 else 0)),
    Case("reports-1970", "Believes in 1970, and is set right after 15 s.", report=lambda wall, at: wall if at > 15 else at),
    Case("reports-jitter", "Tells times that are 120 ms wrong.", report=lambda wall, at: wall + random.uniform(-0.12, 0.12)),
    Case("reports-stand", "Tells the same time for ever.", report=lambda wall, at: 1.7e9),
    Case("reordered", "Sends B-frames.", film="reordered"),
    Case("silence", "Is silent for 8 s, and goes on.", picture=silence(12, 8)),
    Case("silence-numbered", "Is silent for 5 s, and numbers what it did not send: its link was full.", pack=unsent(12, 5)),
    Case("silence-short", "Is silent for 3 s, and goes on.", picture=silence(12, 3)),
    Case("silence-again", "Is silent for 6 s out of ten.", picture=silence(8, 6, every=10)),
    Case("held-back", "Holds 6 s back, and sends them at once: a link that broke.", picture=kept, pace=held_back(12, 6)),
    Case("bunches", "Sends its frames in bunches of eight.", picture=kept, pace=bunches(8)),
    Case("pre-event", "Begins with the last 4 s, at once.", picture=kept, pace=begins_early),
    Case("jitter", "Sends frames up to 80 ms late.", picture=kept, pace=jittery),
    Case("slow", "Sends a frame in two seconds.", film="keys", pace=real(0.5)),
    Case("rate-changes", "Sends ten frames a second, then four.", pace=lambda index, fps: index / 10 if index < 120 else 12 + (index - 120) / 4),
]

"""Holds what is stored of a camera against what it sent: frames, times, gaps."""

from dataclasses import dataclass

from evidence import Recording, ranges_of
from moments import moment
from odd_cameras import Log, Sent

# Times of the catalogue may be wrong by so much.
TOLERANCE = 0.2
# A silence of less than that is no gap.
SILENCE = 2.5


@dataclass
class Account:
    """One camera's sendings, its recording, and its timeline, until it was switched off."""

    log: Log
    recording: Recording
    timeline: dict
    off: float
    # Where times cannot be known better, the most by which they are wrong.
    tolerance: float = TOLERANCE

    @property
    def sent(self) -> list[Sent]:
        return [frame for frame in self.log.frames if frame.at < self.off - 0.1]

    @property
    def interval(self) -> float:
        """The usual time between two frames."""
        steps = sorted(after.at - before.at for before, after in zip(self.sent, self.sent[1:]))
        return steps[len(steps) // 2] if steps else 0.0

    def complaints(self) -> list[str]:
        return [*self.about_frames(), *self.about_times(), *self.about_gaps(), *adds_up(self.timeline)]

    def about_frames(self) -> list[str]:
        stored, wanted = self.recording.counters, [frame.counter for frame in self.sent if frame.is_whole]
        found = []
        if missing := sorted(set(wanted) - set(stored)):
            first = min(frame.at for frame in self.log.frames)
            places = [f"{self.time_of(begin) - first:.1f} s ({end - begin + 1})" for begin, end in ranges_of(missing)]
            found.append(f"{len(missing)} of {len(wanted)} frames are missing, after {', '.join(places[:8])}")
        if doubled := len(stored) - len(set(stored)):
            found.append(f"{doubled} frames are stored twice")
        if stored != sorted(stored):
            found.append("frames are out of order")
        if strange := set(stored) - {frame.counter for frame in self.log.frames}:
            found.append(f"frames that were never sent: {sorted(strange)[:5]}")
        return found

    def time_of(self, counter: int) -> float:
        return next(frame.at for frame in self.log.frames if frame.counter == counter)

    @property
    def margin(self) -> float:
        """Nobody can tell times better than the machine sends and reads."""
        return self.tolerance + self.log.lag

    def about_times(self) -> list[str]:
        """Each segment begins when its first frame was taken or sent, and ends when the frame after its last one was."""
        at = {frame.counter: frame for frame in self.log.frames}
        followers = dict(zip([frame.counter for frame in self.sent], self.sent[1:]))
        found = []
        for row in self.recording.rows:
            counters = [counter for counter in self.recording.counters_of(row) if counter in at]
            if not counters:
                continue
            begin, first, last = row["started_at"].timestamp(), at[min(counters)], at[max(counters)]
            if not first.taken - self.margin <= begin <= first.at + self.margin:
                found.append(f"segment {row['sequence']} is said to begin {begin - first.at:+.2f} s from its first frame")
            after = followers.get(last.counter)
            goes_on = after and after.connection == last.connection and after.at - last.at < SILENCE
            end, latest = begin + row["duration_ms"] / 1000, after.at if goes_on else last.at + self.interval
            if not last.taken - self.margin <= end <= latest + self.margin:
                found.append(f"segment {row['sequence']} is said to end {end - last.at:+.2f} s from its last frame")
        return found

    def about_gaps(self) -> list[str]:
        """What is a gap has no frame in it, and what has no frame is a gap."""
        found, stored = [], set(self.recording.counters)
        gaps = [(moment(gap["from"]), moment(gap["to"] or self.timeline["to"]), gap["cause"]) for gap in self.timeline["gaps"]]
        kept = [frame for frame in self.sent if frame.counter in stored]
        for begin, end, cause in gaps:
            inside = [frame for frame in kept if begin + self.margin < frame.taken and frame.at < end - self.margin]
            if inside:
                found.append(f"{len(inside)} stored frames are in a gap ({cause}) of {end - begin:.1f} s")
        for before, after in zip(kept, kept[1:]):
            silence = after.taken - before.at
            if silence > SILENCE:
                told = sum(max(0.0, min(end, after.taken) - max(begin, before.at)) for begin, end, _ in gaps)
                if told < silence - self.interval - 1:
                    found.append(f"only {told:.1f} s of a silence of {silence:.1f} s are gaps")
        return found


def adds_up(timeline: dict) -> list[str]:
    """Each millisecond that was wanted is in exactly one part of the timeline, and none is unexplained."""

    def ends(stretch: dict) -> tuple[int, int]:
        return tuple(round(moment(stretch[end] or timeline["to"]) * 1000) for end in ("from", "to"))

    parts = sorted(ends(stretch) for part in ("covered", "gaps", "unexplained") for stretch in timeline[part])
    wanted = [ends(stretch) for stretch in timeline["wanted"]]
    found = []
    if not wanted or any(last <= first for first, last in parts):
        found.append(f"nothing is wanted, or a part is empty: {timeline}")
    if any(before[1] > after[0] for before, after in zip(parts, parts[1:])):
        found.append(f"parts overlap: {timeline}")
    if sum(last - first for first, last in parts) != sum(last - first for first, last in wanted):
        found.append(f"the parts are not what was wanted: {timeline}")
    if timeline["unexplained"]:
        found.append(f"unexplained: {timeline['unexplained']}")
    return found

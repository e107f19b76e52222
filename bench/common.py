"""What the comparisons share: an Observer of their own, processes' use of CPU and memory, medians, and the way of
reporting."""

import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
TOOLS = REPOSITORY / ".build" / "tools"
WORK = REPOSITORY / ".build" / "bench"
TICKS = os.sysconf("SC_CLK_TCK")

sys.path.insert(0, str(REPOSITORY / "Tests" / "EndToEndTests"))


def use_tools(contenders: bool = False) -> None:
    """Installs what the comparison needs into .build/tools, and goes on in that Python."""
    python = TOOLS / "bin" / "python3"
    if Path(sys.prefix).resolve() != TOOLS.resolve():
        if not python.exists():
            subprocess.run(["/usr/bin/python3", "-m", "venv", str(TOOLS)], check=True)
        files = [REPOSITORY / "Tests" / "EndToEndTests" / "requirements.txt"]
        if contenders:
            files.append(REPOSITORY / "bench" / "requirements.txt")
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        command += ["--only-binary=:all:"] + [word for file in files for word in ("-r", str(file))]
        subprocess.run(command, check=True)
        os.execv(str(python), [str(python), *sys.argv])


def start_home(**settings: str):
    """A fresh Observer without the demo camera."""
    from home import Home, free_port

    path = REPOSITORY / ".build" / "bench-home"
    home = Home(path, free_port(), {"OBSERVER_DEMO": "0", "OBSERVER_CAMERA_NETWORKS": "default,127.0.0.1/32"} | settings)
    if path.exists():
        home.observer("down", check=False)
        shutil.rmtree(path)
    say("starting an Observer in .build/bench-home …")
    home.up()
    return home


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads, and the children it has waited for.

    The kernel tells it to a hundredth of a second, and to a nanosecond of the threads that live (proc(5), schedstat). Both fall
    short of the truth, so the larger one counts.
    """
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    used, waited = (sum(int(fields[index]) for index in places) / TICKS for places in ((11, 12), (13, 14)))
    alive = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            alive += int((thread / "schedstat").read_text().split()[0])
        except (ProcessLookupError, FileNotFoundError):
            pass
    return max(used, alive / 1e9) + waited


def family(pids: list[int]) -> list[int]:
    """The processes and all that they have started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (ProcessLookupError, FileNotFoundError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found = list(pids)
    for pid in found:
        found += children.get(pid, [])
    return found


def idle_seconds() -> float:
    """Time that the machine's cores had nothing to do, since it was started."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    return (int(fields[4]) + int(fields[5])) / TICKS


def memory(pid: int) -> dict[str, int]:
    """Kibibytes: `rss` as people read it, `pss` with shared pages divided among their users, `private` without them."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("Rss", "Pss", "Private_Clean", "Private_Dirty"):
            found[name] = int(rest.split()[0])
    return {"rss": found["Rss"], "pss": found["Pss"], "private": found["Private_Clean"] + found["Private_Dirty"]}


def session_memory(leader: int) -> int:
    """Kibibytes (`pss`) of all processes of the session that a process leads."""
    total = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getsid(int(entry.name)) == leader:
                    total += memory(int(entry.name))["pss"]
            except (ProcessLookupError, FileNotFoundError):
                pass
    return total


def median(values: list[float]) -> float:
    return statistics.median(values)


def spread(values: list[float]) -> str:
    return f"{min(values):.3g}…{max(values):.3g}"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def report(lines: list[str], result: dict) -> None:
    """The comparison for people, and its last line for programs."""
    print("\n".join(lines))
    print(json.dumps(result))

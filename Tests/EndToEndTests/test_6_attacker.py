"""Somebody who may write all that the service user may write, waiting for root to call `./observer`.

It plants what it can in a home, in rounds; root then calls every command. Nothing of it may run as root, nothing of root's may
change, no file of root's may appear in the home, no process of root's may be ended, and root is not kept waiting.
"""

import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from home import Home

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: an attack on root's calls")

PROGRAMS = "setpriv setsid env bash sh curl jq psql python3 stat cat tail id find mkdir chown observerctl supervisorctl nginx".split()
COMMANDS = ["up", "status", "status --json", "logs", "logs web", "token attacked", "password admin", "doctor"]
LONGEST_SECONDS = 150


class Attacker:
    """Plants files in a home as if the service user had made them, and watches what comes of it."""

    def __init__(self, home: Home, canary: Path):
        self.home, self.canary = home, canary
        self.planted: list[Path] = []
        self.changed: dict[Path, str] = {}
        self.user = pwd.getpwuid(home.path.stat().st_uid)
        self.trace = home.path / "trace"
        self.plant("trace", "")
        os.chmod(self.trace, 0o666)
        # Whoever runs it is written down; it goes on as the program that was meant.
        self.spy = f"/usr/bin/id -u >>{self.trace}\n"

    def own(self, path: Path) -> None:
        os.chown(path, self.user.pw_uid, self.user.pw_gid, follow_symlinks=False)

    def unplant(self) -> None:
        """What was planted in place of something, or added to it, is gone again."""
        for path in self.planted:
            self.clear(str(path.relative_to(self.home.path)))
        for path, text in self.changed.items():
            path.write_text(text)
        self.planted, self.changed = [], {}

    def clear(self, name: str) -> Path:
        path = self.home.path / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        return path

    def plant(self, name: str, text: str, mode: int = 0o600) -> None:
        path = self.clear(name)
        path.write_text(text)
        path.chmod(mode)
        self.own(path)

    def add(self, name: str, text: str) -> None:
        path = self.home.path / "config" / name
        old = path.read_text() if path.exists() else ""
        self.changed[path] = old
        with path.open("a") as file:
            file.write(text)

    def link(self, name: str, target: Path) -> None:
        path = self.clear(name)
        path.symlink_to(target)
        self.own(path)
        self.planted.append(path)

    def fifo(self, name: str) -> None:
        path = self.clear(name)
        os.mkfifo(path, 0o666)
        self.own(path)
        self.planted.append(path)

    def programs(self) -> Path:
        folder = self.home.path / "bin"
        folder.mkdir(exist_ok=True)
        self.own(folder)
        for name in PROGRAMS:
            self.plant(f"bin/{name}", f'#!/bin/sh\n{self.spy}exec "/usr/bin/{name}" "$@"\n', 0o755)
        self.plant("bin/spy.sh", self.spy, 0o755)
        return folder

    def library(self) -> Path:
        source = self.home.path.with_name("spy.c")
        source.write_text(
            "#include <stdio.h>\n#include <unistd.h>\n__attribute__((constructor)) static void spy(void) {\n"
            f' FILE *f = fopen("{self.trace}", "a"); if (f) {{ fprintf(f, "%d\\n", geteuid()); fclose(f); }} }}\n'
        )
        target = self.home.path / "spy.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(target), str(source)], check=True)
        self.own(target)
        return target

    def users_of_programs(self) -> set[str]:
        return set(self.trace.read_text().split())


def names(attacker: Attacker) -> None:
    """Settings and environment files that name what a shell, a loader or the scripts themselves look at."""
    folder, library = attacker.programs(), attacker.library()
    lines = {
        "PATH": f"{folder}:/usr/bin:/bin",
        "BASH_ENV": str(folder / "spy.sh"),
        "ENV": str(folder / "spy.sh"),
        "LD_PRELOAD": str(library),
        "LD_LIBRARY_PATH": str(folder),
        "PYTHONPATH": str(folder),
        "PYTHONSTARTUP": str(folder / "spy.sh"),
        "IFS": "/",
        "UNDO": str(folder / "spy.sh"),
        "EUID": "0",
        "TOOLS": str(folder),
        "BINARIES": str(folder),
        "PG_BIN": str(folder),
        "REPO": str(attacker.home.path),
        "PROMPT_COMMAND": str(folder / "spy.sh"),
        "SERVICE_USER": "root",
        "AS_USER": str(folder / "spy.sh"),
        "RELAY": str(folder / "spy.sh"),
        "OBSERVER_USER": "root",
        "OBSERVER_HOME": str(attacker.canary),
        "CAMERA_PORT": f"a[$({folder}/spy.sh)]",
    }
    text = "".join(f"{name}={value}\n" for name, value in lines.items())
    for file in ("settings", "given", "observer.env", "retention.env"):
        attacker.add(file, text)
    attacker.plant("run/capture.stamp", f"$({folder}/spy.sh)")


def links(attacker: Attacker) -> None:
    """Links from wherever something is written, made, locked or handed over, into what is root's."""
    file, folder = attacker.canary / "file", attacker.canary / "folder"
    for name in ("given", "settings", "observer.env", "retention.env", "supervisord.conf", "nginx.conf", "settled", "key"):
        attacker.link(f"config/{name}.new", file)
    attacker.link("run/set-up.lock", file)
    attacker.link("run/web.stamp", file)
    attacker.link("logs/up", folder)
    attacker.link("logs/web.log", file)
    attacker.link("logs/supervisord.start.log", file)
    attacker.link("y", folder)
    attacker.link("nginx/y", folder)
    attacker.link("spool/y", folder)
    attacker.link("rclone", folder)


def pipes(attacker: Attacker) -> None:
    """Pipes that nobody writes to or reads from, in the place of logs, locks and files of settings; words that steer a terminal."""
    for name in ("run/set-up.lock", "logs/capture.log", "logs/supervisord.start.log", "config/settings.new", "config/settled"):
        attacker.fifo(name)
    attacker.clear("logs/up")
    folder = attacker.home.path / "logs" / "up"
    folder.mkdir()
    attacker.own(folder)
    for step in ("migrate-the-database", "make-the-bucket", "make-the-first-user"):
        attacker.fifo(f"logs/up/{step}.log")
    attacker.plant("logs/web.log", "steered \x1b]0;owned\x07 \x1b[2J \x9b31m error: \x1bc\n")


@pytest.fixture
def attacked(guest_home, artifacts):
    canary = artifacts / "canary-of-root"
    (canary / "folder").mkdir(parents=True)
    (canary / "file").write_text("of root\n")
    (canary / "folder" / "inner").write_text("of root as well\n")
    place = guest_home("attacked", OBSERVER_DEMO="0")
    place.up(seconds=90)
    assert place.path.stat().st_uid != 0, "the home is root's"
    attacker = Attacker(place, canary)
    yield attacker
    place.observer("down", check=False)
    # Whatever the plants have kept `down` from.
    for process in place.processes():
        os.kill(process, 9)


def state_of(*roots: Path) -> dict[str, tuple]:
    """Owner, mode, time and text of everything below."""
    found = {}
    for root in roots:
        for path in [root, *root.rglob("*")]:
            facts = path.lstat()
            text = path.read_bytes() if path.is_file() else b""
            found[str(path)] = (facts.st_uid, facts.st_gid, facts.st_mode, facts.st_mtime_ns, text)
    return found


def call_everything(attacker: Attacker) -> str:
    """Every command as root, each of which must end; whether it can do its work on what was planted is another matter."""
    return "".join(call(attacker, command) for command in COMMANDS)


def call(attacker: Attacker, command: str) -> str:
    line = "A long new password 1\n" if command.startswith("password") else ""
    result = attacker.home.observer(*command.split(), seconds=LONGEST_SECONDS, check=False, stdin=line)
    return f"== {command}: {result.returncode}\n{result.stdout}{result.stderr}"


def test_who_may_write_what_the_services_may_write_gains_nothing_from_roots_calls(attacked, artifacts):
    """Names while all runs, links while all runs and until it is stopped, pipes before it is started again."""
    system = [Path("/etc/passwd"), Path("/etc/shadow"), Path("/etc/ld.so.cache")]
    for plant in (names, links, pipes):
        plant(attacked)
        before = state_of(attacked.canary, *system)
        said = call_everything(attacked)
        if plant is not names:
            said += call(attacked, "down")
        (artifacts / f"attack-{plant.__name__}.txt").write_text(said)
        assert state_of(attacked.canary, *system) == before, f"{plant.__name__}: something of root's has changed"
        assert "0" not in attacked.users_of_programs(), f"{plant.__name__}: a program of the attacker's ran as root"
        roots = [str(path) for path in attacked.home.path.rglob("*") if path.lstat().st_uid == 0]
        assert not roots, f"{plant.__name__}: root made them in the home: {roots}"
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x9b]", said), f"{plant.__name__}: something steers root's terminal"
        assert "of root" not in said, f"{plant.__name__}: what only root may read was shown"
        attacked.unplant()
    kill_by_name(attacked)


def kill_by_name(attacked: Attacker) -> None:
    """Pids in the home's files, of processes that even look like the home's: in its folder, with its configuration's name."""
    place = attacked.home
    words = ["sleep", "600", str(place.path / "config" / "supervisord.conf")]
    sleeper = subprocess.Popen(
        ["/bin/bash", "-c", "sleep 600; true", *words], cwd=place.path, start_new_session=True, stdin=subprocess.DEVNULL
    )
    try:
        for file in (place.path / "run").glob("*.group"):
            attacked.plant(f"run/{file.name}", f"{sleeper.pid}\n")
        attacked.plant("run/other.group", f"{os.getpgid(0)}\n")
        attacked.plant("run/supervisord.pid", f"{sleeper.pid}\n")
        for command in ("status", "down", "up", "down"):
            call(attacked, command)
        assert sleeper.poll() is None, "a process of root's was ended"
    finally:
        os.killpg(sleeper.pid, 9)
        sleeper.wait()

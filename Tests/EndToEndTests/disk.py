"""The disk of a home's spool, small and under the tests' command: it fills, runs out of files, turns read-only, fails."""

import errno
import itertools
import mmap
import os
import pwd
import shutil
import stat
import struct
import subprocess
import threading
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path


from home import Home

SOURCE = Path(__file__).with_name("faulty_disk.c")
CAP_SYS_ADMIN = 21
# As in faulty_disk.c.
CALLS = {"open": 1, "write": 2, "sync": 4, "sync folder": 8, "rename": 16, "remove": 32, "read": 64}


def may_mount() -> bool:
    """Mounting is the right of root with all capabilities; it then has to work."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff"))
    return bool(int(line.split()[1], 16) >> CAP_SYS_ADMIN & 1)


class SpoolDisk:
    """A small tmpfs in place of a home's spool, until `end`."""

    SERVICES = ("capture", "upload")

    def __init__(self, home: Home, folder: Path, mebibytes: int):
        self.home, self.folder, self.total = home, folder, mebibytes << 20
        self.filler = home.spool / "filler"
        self.control_file = home.path / "run" / "faulty-disk"
        self.environment = home.path / "config" / "observer.env"
        self.before = self.environment.read_text()
        self.is_mounted = may_mount()
        for service in self.SERVICES:
            home.stop(service)
        try:
            if self.is_mounted:
                owner = os.stat(home.spool)
                options = f"size={mebibytes}m,mode=0750,uid={owner.st_uid},gid={owner.st_gid}"
                run("mount", "-t", "tmpfs", "-o", options, "observer-e2e-spool", str(home.spool))
            self.load_library()
        finally:
            for service in self.SERVICES:
                home.start(service)

    def load_library(self) -> None:
        library = self.folder / "faulty_disk.so"
        run("cc", "-O1", "-Wall", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl")
        self.control_file.write_bytes(bytes(8))
        self.control_file.chmod(0o644)
        with self.control_file.open("r+b") as file:
            self.control = mmap.mmap(file.fileno(), 8)
        lines = {
            "OBSERVER_TEST_PRELOAD": library,
            "OBSERVER_TEST_DISK_FOLDER": self.home.spool,
            "OBSERVER_TEST_DISK_CONTROL": self.control_file,
        }
        self.environment.write_text(self.before + "".join(f"{name}={value}\n" for name, value in lines.items()))

    def end(self) -> None:
        for service in self.SERVICES:
            self.home.stop(service)
        if self.is_mounted:
            run("umount", "--lazy", str(self.home.spool))
        self.environment.write_text(self.before)
        for service in self.SERVICES:
            self.home.start(service)

    # Room

    @property
    def free(self) -> int:
        facts = os.statvfs(self.home.spool)
        return facts.f_bavail * facts.f_frsize

    def fill(self, leaving: int) -> None:
        """Takes room until so many bytes are left."""
        wanted = self.free - leaving
        if wanted > 0:
            with self.filler.open("ab") as file:
                os.posix_fallocate(file.fileno(), file.tell(), wanted)

    def empty(self) -> None:
        self.filler.unlink(missing_ok=True)

    @contextmanager
    def full(self):
        """Somebody else takes all that is left, and more as soon as there is some."""
        with repeated(lambda: self.fill(leaving=0)):
            yield
        self.empty()

    @contextmanager
    def without_files(self):
        """Somebody else makes as many files as the disk can take, which are not many more than there are."""
        facts, folder = os.statvfs(self.home.spool), self.home.spool / "fillers"
        run("mount", "-o", f"remount,nr_inodes={facts.f_files - facts.f_favail + 16}", str(self.home.spool))
        folder.mkdir()
        numbers = itertools.count()
        with repeated(lambda: (folder / str(next(numbers))).touch()):
            yield
        shutil.rmtree(folder)
        run("mount", "-o", f"remount,nr_inodes={facts.f_files}", str(self.home.spool))

    def commits_refused(self):
        """Nothing can be given its final name."""
        return refused(self.home.spool / "ready")

    @contextmanager
    def read_only(self):
        """Nothing can be opened for writing, renamed or removed; what is open can be written on, as with ext4."""
        # Made where nobody has anything open, which would keep it from becoming read-only; its copy is so, too.
        view = self.home.path / "run" / "read-only"
        view.mkdir(exist_ok=True)
        run("mount", "--bind", str(self.home.spool), str(view))
        run("mount", "-o", "remount,bind,ro", str(view))
        run("mount", "--bind", str(view), str(self.home.spool))
        try:
            assert os.statvfs(self.home.spool).f_flag & os.ST_RDONLY
            yield
        finally:
            run("umount", "--lazy", str(self.home.spool))
            run("umount", "--lazy", str(view))

    # Calls

    @contextmanager
    def failing(self, *calls: str, code: int = errno.EIO):
        """Calls of these kinds fail."""
        self.control[:] = struct.pack("ii", code, sum(CALLS[call] for call in calls))
        try:
            yield
        finally:
            self.control[:] = bytes(8)

    @contextmanager
    def descriptors_limited(self, service: str):
        """The service may open nothing more: all numbers below the limit are taken by what it has open for good."""
        pid = self.home.pid(service)
        user, before = os.stat(f"/proc/{pid}").st_uid, limits(pid)
        limit(pid, user, 8, before[1])
        try:
            yield
        finally:
            limit(pid, user, *before)


@contextmanager
def refused(folder: Path):
    """Nobody but root may make, rename or remove anything in the folder."""
    facts = os.stat(folder)
    folder.chmod(0o555)
    os.chown(folder, os.geteuid(), os.getegid())
    try:
        yield
    finally:
        os.chown(folder, facts.st_uid, facts.st_gid)
        folder.chmod(stat.S_IMODE(facts.st_mode))


@contextmanager
def repeated(take: Callable[[], None]):
    """Takes what there is until there is no more, again and again."""
    ended, wrong = threading.Event(), []

    def work() -> None:
        while not ended.is_set():
            try:
                take()
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    wrong.append(error)
                    return
                ended.wait(0.02)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(10)
    assert not wrong, wrong


def limits(pid: int) -> tuple[str, str]:
    line = next(line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max open files"))
    return line.split()[3], line.split()[4]


def limit(pid: int, user: int, soft: object, hard: object) -> None:
    """By a process of the same user, because root may lack the right."""
    order = ["prlimit", "--pid", str(pid), f"--nofile={soft}:{hard}"]
    if user != os.geteuid():
        group = pwd.getpwuid(user).pw_gid
        order = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", *order]
    run(*order)


def run(*order: str) -> None:
    result = subprocess.run(order, capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, f"{' '.join(order)}: {result.stderr or result.stdout}"

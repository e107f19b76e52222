"""Where the CPU of a process goes: samples of its call stacks (perf, by the CPU clock) sorted into parts, and its system
calls (strace). Both slow down what they look at, so they look at runs of their own."""

import re
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import common

FREQUENCY = 499
# Calls into the kernel, by what a recorder wants of them.
CALLS = {
    "read": "recv recvfrom recvmsg recvmmsg read readv",
    "write": "write pwrite pwrite64 writev fdatasync fsync open openat open64 close rename renameat renameat2 unlink "
    "ftruncate fallocate sync_file_range mkdir fstat stat fstatat newfstatat statfs statvfs",
    "wait": "futex poll ppoll epoll_wait epoll_pwait epoll_pwait2 epoll_ctl select pselect6 nanosleep clock_nanosleep "
    "timerfd_settime sched_yield restart_syscall pthread_cond_timedwait pthread_cond_signal pthread_mutex_lock "
    "pthread_mutex_unlock lll_lock_wait lll_lock_wake futex_abstimed_wait_common futex_abstimed_wait_common64",
}
CALL_PARTS = {name: part for part, names in CALLS.items() for name in names.split()}
DECORATION = re.compile(r"^(?:__x64_sys_|__se_sys_|__sys_|ksys_|do_sys_|__GI_|__libc_|__)+")
# Modules, by the beginning of their functions' mangled names, and programs.
MODULES = {"3RTP": "depacketize", "4RTSP": "depacketize", "5Media": "depacketize", "3MP4": "depacketize", "5Spool": "write"}
MODULE = re.compile(r"\$s(\d+[A-Za-z]\w*)")
PARTS = ["read", "depacketize", "write", "hash", "wait", "rest"]


def part_of(stack: list[tuple[str, str]]) -> str:
    """The part that a sample belongs to, by the frames of its stack from the innermost on."""
    is_in_kernel = "kernel" in stack[0][1]
    for symbol, library in stack:
        part = CALL_PARTS.get(DECORATION.sub("", symbol))
        if is_in_kernel and part:
            return part
        if is_in_kernel and "kernel" not in library:
            is_in_kernel = False
        if "libcrypto" in library:
            return "hash"
        if library.rstrip(")").endswith("/floor"):
            return "depacketize"
        found = MODULE.match(symbol)
        if found:
            for module, part in MODULES.items():
                if found[1].startswith(module):
                    return part
    return "rest"


def name_of(symbol: str) -> str:
    """A Swift name as people read it."""
    if not symbol.startswith("$s"):
        return symbol
    tool = shutil.which("swift-demangle") or "/opt/swift/usr/bin/swift-demangle"
    if not Path(tool).exists():
        return symbol
    found = subprocess.run([tool, "--compact", "--simplified", symbol], capture_output=True, text=True)
    return found.stdout.strip() or symbol


def stacks(text: str):
    """The samples in the output of `perf script`: stacks of (symbol, library), the innermost frame first."""
    stack: list[tuple[str, str]] = []
    for line in text.splitlines():
        words = line.split()
        if not words:
            if stack:
                yield stack
            stack = []
        elif re.fullmatch(r"[0-9a-f]+", words[0]) and line.startswith(("\t", " ")):
            stack.append((words[1].split("+0x")[0] if len(words) > 1 else "", words[-1]))
    if stack:
        yield stack


def by_part(pids: list[int], seconds: float, functions: int = 0) -> tuple[dict[str, float], list[str]]:
    """CPU milliseconds a second by part, and the functions that used most themselves, as lines; nothing without perf."""
    data = common.WORK / "perf.data"
    command = ["perf", "record", "--quiet", "-e", "cpu-clock", "-F", str(FREQUENCY), "-g", "-o", str(data)]
    before, began = sum(map(common.cpu_seconds, pids)), time.monotonic()
    recorded = subprocess.run(
        [*command, "-p", ",".join(map(str, pids)), "--", "sleep", str(seconds)], capture_output=True, text=True
    )
    used = (sum(map(common.cpu_seconds, pids)) - before) / (time.monotonic() - began) * 1000
    script = ["perf", "script", "-i", str(data), "-F", "comm,ip,sym,dso"]
    found = subprocess.run(script, capture_output=True, text=True)
    if recorded.returncode or found.returncode:
        common.say(f"perf does not work here: {(recorded.stderr or found.stderr).strip()[:200]}")
        return {}, []
    parts: Counter[str] = Counter()
    leaves: Counter[tuple[str, str]] = Counter()
    for stack in stacks(found.stdout):
        part = part_of(stack)
        parts[part] += 1
        symbol, library = stack[0]
        leaves[part, library.strip("()").rpartition("/")[2] if symbol == "[unknown]" else symbol] += 1
    total = sum(parts.values()) or 1
    data.unlink()
    lines = [
        f"  {share / total * used:8.2f} ms/s  {part:<12} {name_of(symbol)[:100]}"
        for (part, symbol), share in leaves.most_common(functions)
    ]
    return {part: parts[part] / total * used for part in PARTS}, lines


def calls(pids: list[int], seconds: float) -> float | None:
    """System calls a second of all threads of the processes; None without strace."""
    table = common.WORK / "strace.txt"
    attach = [word for pid in pids for word in ("-p", str(pid))]
    process = subprocess.Popen(
        ["timeout", "-s", "INT", str(seconds), "strace", "-f", "-c", "-q", "-o", str(table), *attach],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    process.wait(seconds + 120)
    try:
        last = table.read_text().strip().splitlines()[-1].split()
        return int(last[3]) / seconds
    except (OSError, IndexError, ValueError):
        common.say("strace does not work here")
        return None

"""Prints the state of a home's services: one line each, or JSON. Called by `./observer status`.

Asks supervisord over its unix socket (XML-RPC); with no supervisor there, says what is left of the processes.
"""
import datetime
import http.client
import json
import os
import re
import signal
import socket
import sys
import xmlrpc.client

HOME = os.environ["OBSERVER_HOME"]
SERVICES = os.environ["OBSERVER_SERVICES"].split()
STATES = {
    "RUNNING": "running", "STARTING": "starting", "BACKOFF": "restarting", "EXITED": "restarting",
    "STOPPING": "stopping", "STOPPED": "stopped", "FATAL": "failed", "UNKNOWN": "failed",
}
# The S3 server (glog) writes the level as the line's first letter, so a word in an I or W line is no error.
HARMLESS = re.compile(r"^[IW]\d{4} |\[(info|debug|notice|warning)\]| (TRACE|DEBUG|INFO|WARNING|LOG)[: ]", re.IGNORECASE)
ERROR = re.compile(r"\b(error|fatal|panic|critical|emerg|traceback)\b", re.IGNORECASE)


class UnixTransport(xmlrpc.client.Transport):
    """HTTP over supervisord's unix socket."""

    def make_connection(self, host):
        connection = http.client.HTTPConnection("localhost", timeout=5)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(5)
        connection.sock.connect(f"{HOME}/run/supervisor.sock")
        return connection


def processes():
    """What supervisord says, by name; None when it does not answer."""
    server = xmlrpc.client.ServerProxy("http://localhost", transport=UnixTransport())
    try:
        return {entry["name"]: entry for entry in server.supervisor.getAllProcessInfo()}
    except (OSError, http.client.HTTPException, xmlrpc.client.Error):
        return None


def last_error(name, since):
    """The newest line of the service's log that tells of an error, if the log was written since it started."""
    try:
        with open(f"{HOME}/logs/{name}.log", "rb") as log:
            if os.fstat(log.fileno()).st_mtime < since:
                return None
            log.seek(max(0, os.fstat(log.fileno()).st_size - 65536))
            lines = log.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    return next((line.strip()[:200] for line in reversed(lines)
                 if ERROR.search(line) and not HARMLESS.search(line)), None)


def rfc3339(seconds):
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def group(name):
    """The process group in which the service was last started, or None."""
    try:
        with open(f"{HOME}/run/{name}.group", encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def orphan(name):
    """The pid of a service that lives on without its supervisor, or None."""
    pid = group(name)
    try:
        folder = os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return None
    return pid if f"{folder}/".startswith(f"{HOME}/") else None


def describe(name, known):
    if known is None:
        pid = orphan(name)
        error = "its supervisor is gone; ./observer up starts it anew" if pid else None
        return {"name": name, "state": "orphaned" if pid else "stopped", "pid": pid, "since": None, "last_error": error}
    entry = known.get(name)
    if entry is None:
        # Not a program of this home: given by a setting, or left out.
        return {"name": name, "state": "external", "pid": None, "since": None, "last_error": None}
    moment = entry["start"] if entry["pid"] else entry["stop"]
    state = STATES.get(entry["statename"], "failed")
    if state == "running" and entry["pid"] != group(name):
        state = "restarting"  # it ended at once, and scripts/run-service waits before it starts it again
    return {
        "name": name,
        "state": state,
        "pid": entry["pid"] or None,
        "since": rfc3339(moment) if moment else None,
        "last_error": entry["spawnerr"] or last_error(name, entry["start"]),
    }


def main():
    known = processes()
    rows = [describe(name, known) for name in SERVICES]
    if sys.argv[1] == "json":
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            pid = f"pid {row['pid']}" if row["pid"] else "-"
            since = f"since {row['since']}" if row["since"] else "-"
            print(f"{row['name']:<9} {row['state']:<10} {pid:<12} {since:<27} {row['last_error'] or '-'}")
    return 0 if all(row["state"] in ("running", "external") for row in rows) else 3


# A reader that has seen enough (head) ends this quietly.
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
sys.exit(main())

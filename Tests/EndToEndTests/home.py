"""One running Observer, driven as its user drives it: by `./observer`, its port, and the supervisor of its home."""

import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import xmlrpc.client
from collections.abc import Callable
from pathlib import Path

import boto3
import botocore.config
import psycopg2
import psycopg2.extras
import requests

from contract import Contract
from waiting import Stopwatch, await_value

REPOSITORY = Path(__file__).resolve().parents[2]


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path):
        super().__init__()
        self.path = str(path)

    def make_connection(self, host):
        connection = http.client.HTTPConnection("localhost", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(60)
        connection.sock.connect(self.path)
        return connection


class Home:
    """A copy of Observer with its own data folder and port."""

    def __init__(self, path: Path, port: int, settings: dict[str, str]):
        self.path, self.port = path, port
        self.url = f"http://127.0.0.1:{port}"
        self.api = f"{self.url}/api/v1"
        self.settings = {"OBSERVER_PORT": str(port)} | settings
        # Given from outside, because `up` keeps none. Beside the home, for the next run that uses it as it is.
        kept = path.with_name(path.name + ".password")
        if not (path.exists() and kept.exists()):
            kept.write_text("end-to-end-" + secrets.token_hex(8))
        self.admin_password = kept.read_text()
        self.store = ""  # the address of the store for the tests, where Observer is given another
        self._token = ""

    # The command

    def observer(
        self, *arguments: str, seconds: float = 120, check: bool = True, stdin: str = ""
    ) -> subprocess.CompletedProcess:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("OBSERVER_", "AWS_"))}
        environment |= {"OBSERVER_HOME": str(self.path)} | self.settings
        environment |= {"OBSERVER_ADMIN_PASSWORD": self.admin_password}
        result = subprocess.run(
            [str(REPOSITORY / "observer"), *arguments],
            env=environment,
            input=stdin,
            text=True,
            capture_output=True,
            timeout=seconds,
            cwd="/",
        )
        if check and result.returncode:
            raise AssertionError(
                f"./observer {' '.join(arguments)} ended with {result.returncode}\n"
                f"{result.stdout[-3000:]}\n{result.stderr[-3000:]}"
            )
        return result

    def up(self, seconds: float = 570) -> subprocess.CompletedProcess:
        return self.observer("up", seconds=seconds)

    def token(self) -> str:
        if not self._token:
            self._token = self.observer("token", f"end-to-end-{secrets.token_hex(4)}", "--role", "admin").stdout.strip()
        return self._token

    def client(self) -> "Client":
        return Client(self.api, self.token())

    def environment(self) -> dict[str, str]:
        """The settings that the services share, and the role and key of observerctl, which owns tables and bucket."""
        return self.values("observer.env") | self.values("observerctl.env")

    def values(self, file: str) -> dict[str, str]:
        """A file of `NAME=value` lines in the home's `config`."""
        lines = (self.path / "config" / file).read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def states(self) -> dict[str, dict]:
        """What `./observer status` tells of each service."""
        services = json.loads(self.observer("status", "--json", check=False).stdout)
        return {service["name"]: service for service in services}

    # Services

    def supervisor(self):
        transport = _UnixTransport(self.path / "run" / "supervisor.sock")
        return xmlrpc.client.ServerProxy("http://localhost", transport=transport).supervisor

    def pid(self, service: str) -> int:
        """The pid of a service, 0 while it does not run."""
        return int(self.supervisor().getProcessInfo(service)["pid"])

    def condition(self) -> str:
        """The state of every service, and the room on the disk, for the report of a failure."""
        try:
            found = self.supervisor().getAllProcessInfo()
            services = [f"{each['name']} {each['statename']}: {each['description']}" for each in found]
        except OSError as error:
            services = [f"no supervisor: {error}"]
        free = shutil.disk_usage(self.path).free // 2**20
        return "\n".join([*services, f"{free} MiB are free"])

    def kill(self, service: str, answers: Callable[[], bool] = lambda: True) -> float:
        """kill -9; returns the seconds until a new process ran the service's own program, and answered.

        The supervisor is not asked meanwhile: each question would wake it up.
        """
        victim = self.pid(service)
        assert victim, f"{service} does not run"
        program = os.readlink(f"/proc/{victim}/exe")
        assert "bash" not in program, f"{service} is not running but being started"

        def is_back() -> bool:
            # Written by scripts/run-service, which then becomes the server.
            pid = int((self.path / "run" / f"{service}.group").read_text() or victim)
            return pid != victim and os.readlink(f"/proc/{pid}/exe") == program and answers()

        os.kill(victim, signal.SIGKILL)
        watch = Stopwatch()
        await_value(f"{service} is back", 15, is_back, every=0.01)
        return watch.seconds

    def stop(self, service: str) -> None:
        self.supervisor().stopProcess(service)
        assert self.pid(service) == 0

    def start(self, service: str) -> None:
        if self.pid(service) == 0:
            self.supervisor().startProcess(service)

    def processes(self) -> dict[int, str]:
        """Every process that belongs to this home: its working directory or a word of its command line lies in it."""
        found, home = {}, str(self.path)
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                folder = os.readlink(entry / "cwd")
            except OSError:
                continue
            if home in command or folder == home or folder.startswith(home + "/"):
                found[int(entry.name)] = command
        return found

    def log(self, service: str, lines: int = 25) -> str:
        path = self.path / "logs" / f"{service}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else "(no log)"

    # Where the recordings are

    def rows(self, query: str, *values: object) -> list[dict]:
        connection = psycopg2.connect(self.environment()["OBSERVER_DATABASE_URL"], connect_timeout=5)
        try:
            with connection, connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
                cursor.execute(query, values or None)
                return [dict(row) for row in cursor.fetchall()]
        finally:
            connection.close()

    def run_as_database_admin(self, statement: str) -> None:
        """One statement on the private server, by its own administrator; nothing when what it creates is there."""
        settings = self.values("settings")
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=settings["PG_PORT"],
            user="postgres",
            password=settings["PG_ADMIN_PASSWORD"],
            dbname="postgres",
            connect_timeout=5,
        )
        connection.autocommit = True  # a database is not made in a transaction
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
        except psycopg2.errors.DuplicateDatabase:
            pass
        finally:
            connection.close()

    def make_vhost(self, name: str) -> None:
        """A virtual host on the private broker, for its only user."""
        settings = self.values("settings")
        program = (
            f'rabbit_vhost:add(<<"{name}">>, <<"tests">>), '
            f'rabbit_auth_backend_internal:set_permissions(<<"observer">>, <<"{name}">>, <<".*">>, <<".*">>, <<".*">>, '
            '<<"tests">>).'
        )
        command = ["/usr/lib/rabbitmq/bin/rabbitmqctl", "eval", program]
        environment = os.environ | {
            "HOME": str(self.path / "rabbitmq"),
            "RABBITMQ_ERLANG_COOKIE": settings["AMQP_COOKIE"],
            "ERL_EPMD_PORT": settings["EPMD_PORT"],
            "RABBITMQ_NODENAME": "observer@localhost",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        }
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)

    def s3(self):
        facts = self.environment()
        return boto3.client(
            "s3",
            endpoint_url=self.store or facts["AWS_ENDPOINT_URL_S3"],
            aws_access_key_id=facts["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=facts["AWS_SECRET_ACCESS_KEY"],
            region_name=facts.get("AWS_REGION", "us-east-1"),
            config=botocore.config.Config(
                s3={"addressing_style": "path"}, connect_timeout=3, read_timeout=10, retries={"max_attempts": 1}
            ),
        )

    @property
    def bucket(self) -> str:
        return self.environment().get("OBSERVER_S3_BUCKET", "observer")

    @property
    def spool(self) -> Path:
        return self.path / "spool"


class Client:
    """The REST API with a token.

    Every answer is held against the API's own document; what it means is checked by the tests, not here, except where
    `expect` says so.
    """

    def __init__(self, base: str, token: str):
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.contract = Contract(base)

    def call(self, method: str, path: str, expect: int | None = None, **options) -> requests.Response:
        answer = self.session.request(method, self.base + path, timeout=15, allow_redirects=False, **options)
        if expect is not None and answer.status_code != expect:
            raise AssertionError(f"{method} {path} answered {answer.status_code}, not {expect}: {answer.text[:800]}")
        complaint = self.contract.complaint(answer)
        if complaint:
            raise AssertionError(f"the answer is not as openapi.json says: {complaint}; {answer.text[:800]}")
        return answer

    def get(self, path: str, expect: int | None = 200, **options):
        return self.call("GET", path, expect, **options).json()

    def add_camera(self, name: str, url: str, on: bool = True, **fields) -> dict:
        body = {"name": name, "location": "Test bench", "url": url, "segment_seconds": 2, "is_active": on} | fields
        return self.call("POST", "/cameras/", 201, json=body).json()

    def switch(self, camera: int, on: bool) -> dict:
        return self.call("POST", f"/cameras/{camera}/{'on' if on else 'off'}", 202).json()

    def status(self, camera: int) -> dict:
        return self.get(f"/cameras/{camera}")["status"]

    def await_state(self, camera: int, state: str, seconds: float, cause: str | None = None) -> dict:
        def probe():
            status = self.status(camera)
            return status if status["state"] == state and (cause is None or status["cause"] == cause) else None

        return await_value(
            f"camera {camera} is {state} {cause or ''}",
            seconds,
            probe,
            context=lambda: f"status: {self.status(camera)}",
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def database_host(url: str) -> str:
    return urllib.parse.urlsplit(url).hostname or ""


def utc_text(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}"

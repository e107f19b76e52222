"""Firefox as Debian has it, without a window, driven by its own protocol (Marionette: JSON over a local connection)."""

import json
import shutil
import socket
import subprocess
from pathlib import Path

from home import free_port
from waiting import await_value

PROGRAM = "/usr/bin/firefox-esr"
# Nothing is asked for from outside, and video plays without a click.
PREFERENCES = {
    "media.autoplay.default": 0,
    "app.update.auto": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.server": "",
    "browser.safebrowsing.update.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "services.settings.server": "data:,",
    "media.gmp-manager.updateEnabled": False,
    "security.sandbox.content.level": 0,
}


class Firefox:
    """A running Firefox with one page."""

    def __init__(self, folder: Path):
        shutil.rmtree(folder, ignore_errors=True)
        profile = folder / "profile"
        profile.mkdir(parents=True)
        port = free_port()
        preferences = PREFERENCES | {"marionette.port": port}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items()]
        (profile / "user.js").write_text("\n".join(lines))
        self.log = (folder / "firefox.log").open("wb")
        command = [PROGRAM, "--headless", "--marionette", "--no-remote", "--profile", str(profile)]
        environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "MOZ_CRASHREPORTER_DISABLE": "1"}
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, env=environment, cwd=folder)
        try:
            self.link = await_value("Firefox listens", 40, lambda: self.connect(port))
            self.count = 0
            self.read()  # its greeting
            self.call("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"timeouts": {"script": 30_000}}}})
        except BaseException:
            self.end()
            raise

    @staticmethod
    def connect(port: int) -> socket.socket | None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=40)
        except OSError:
            return None

    def read(self):
        """One message: its length, a colon, and JSON."""
        length = b""
        while not length.endswith(b":"):
            length += self.receive(1)
        return json.loads(self.receive(int(length[:-1])))

    def receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.link.recv(count - len(data))
            if not part:
                raise ConnectionError("Firefox ended")
            data += part
        return data

    def call(self, name: str, parameters: dict):
        self.count += 1
        order = json.dumps([0, self.count, name, parameters])
        self.link.sendall(f"{len(order.encode())}:{order}".encode())
        _, _, error, result = self.read()
        if error:
            raise AssertionError(f"{name}: {error['error']}: {error['message']}")
        return result

    def goto(self, address: str) -> None:
        self.call("WebDriver:Navigate", {"url": address})

    def evaluate(self, function: str, *arguments):
        """The value of a function of JavaScript, when it is there."""
        script = (
            "const done = arguments[arguments.length - 1];"
            f"Promise.resolve(({function})(...[...arguments].slice(0, -1)))"
            ".then((value) => done({ value }), (error) => done({ error: String(error) }));"
        )
        given = {"script": script, "args": list(arguments), "sandbox": None, "newSandbox": False}
        answer = self.call("WebDriver:ExecuteAsyncScript", given)["value"]
        assert "error" not in answer, answer
        return answer.get("value")

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.log.close()

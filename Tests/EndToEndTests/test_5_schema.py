"""`openapi.json` against the running server by schemathesis: all its checks, as each role and as a stranger."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import keep_logs, lane_folder
from home import REPOSITORY, Home, free_port

CONFIGURATION = Path(__file__).parent / "schemathesis.toml"
# An administrator reaches everything; the others are mostly refused.
SECONDS = {"admin": 30, "operator": 20, "viewer": 10, "stranger": 10}


@pytest.fixture(scope="module")
def place(artifacts):
    """An Observer of its own, because all that can be deleted is. Cameras may be anywhere: nothing connects to them."""
    settings = {"OBSERVER_DEMO": "0", "OBSERVER_CAMERA_NETWORKS": "0.0.0.0/0,::/0"}
    place = Home(lane_folder("e2e-schema"), free_port(), settings)
    if place.path.exists():
        place.observer("down", check=False)
        shutil.rmtree(place.path)
    try:
        place.up()
        for service in ("capture", "upload", "retention"):
            place.stop(service)
        yield place
    finally:
        keep_logs(place, artifacts)
        place.observer("down", check=False)


@pytest.mark.parametrize("role", SECONDS)
def test_the_server_does_what_its_document_says(place, artifacts, role):
    # In the environment: everybody on the machine sees the words of a command.
    token = "" if role == "stranger" else place.observer("token", f"schema-{role}", "--role", role).stdout.strip()
    environment = os.environ | {"SCHEMA_AUTHORIZATION": f"Bearer {token}" if token else ""}
    result = subprocess.run(
        [
            str(Path(sys.executable).parent / "st"),
            "--config-file",
            str(CONFIGURATION),
            "run",
            f"{place.api}/openapi.json",
            "--checks=all",
            f"--max-time={SECONDS[role]}",
            "--no-color",
        ],
        env=environment,
        text=True,
        capture_output=True,
        timeout=SECONDS[role] + 60,
        cwd=REPOSITORY / ".build",
    )
    (artifacts / f"schema-{role}.txt").write_text(result.stdout + result.stderr)
    assert result.returncode == 0, f"as {role}:\n{result.stdout[-8000:]}\n{result.stderr[-1000:]}"

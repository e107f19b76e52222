"""What `up` was told once: kept for a fresh shell, and not changed by the way."""

import json
from pathlib import Path

import pytest

KEPT = ("given", "observer.env", "settings", "nginx.conf", "supervisord.conf")


@pytest.fixture
def told(guest_home):
    """A home that was given the database, the broker and the store of the first one, with a secret in a file."""
    place = guest_home("kept", OBSERVER_DEMO="0", OBSERVER_PUBLIC_URL="https://nvr.example")
    place.up(seconds=90)
    return place


def remembered(place) -> dict[str, bytes]:
    return {name: (place.path / "config" / name).read_bytes() for name in KEPT}


def pids(place) -> dict[str, int]:
    return {name: service["pid"] for name, service in place.states().items()}


def test_what_was_given_once_is_kept_and_changed_only_when_that_is_asked_for(told):
    given, before, running = told.settings, remembered(told), pids(told)
    assert told.states()["postgres"]["state"] == "external"

    told.settings = {}  # a fresh shell
    said = told.up(seconds=90).stdout
    assert "https://nvr.example/" in said, said
    assert remembered(told) == before and pids(told) == running
    assert told.observer("token", "fresh").stdout.strip()
    assert told.observer("doctor").returncode == 0
    assert json.loads(told.observer("status", "--json").stdout)

    for name, value, hidden in others(given):
        told.settings = {name: value}
        refused = told.observer("up", check=False)
        assert refused.returncode == 1, f"{name}: {refused.stdout}"
        assert name in refused.stderr and "--change" in refused.stderr, refused.stderr
        for secret in hidden:
            assert secret not in refused.stdout + refused.stderr
        assert shown(given.get(name, "")) in refused.stderr and shown(value) in refused.stderr, refused.stderr
        assert remembered(told) == before and pids(told) == running, f"{name} was refused, and something changed"

    told.settings = {"OBSERVER_PUBLIC_URL": "https://other.example", "OBSERVER_SEGMENT_SECONDS": ""}
    told.observer("up", "--change", seconds=90)
    assert told.environment()["OBSERVER_PUBLIC_URL"] == "https://other.example"
    assert "OBSERVER_SEGMENT_SECONDS" not in told.environment(), "an empty value takes a setting back"
    assert told.environment()["OBSERVER_DATABASE_URL"] == given["OBSERVER_DATABASE_URL"]
    told.settings = {}
    told.observer("down")


def others(given: dict[str, str]) -> list[tuple[str, str, list[str]]]:
    """Other values for settings that are kept, and the secrets in them."""
    url, key = given["OBSERVER_DATABASE_URL"], given["AWS_SECRET_ACCESS_KEY"]
    password = url.split(":")[2].partition("@")[0]
    return [
        ("OBSERVER_DATABASE_URL", url.replace(password, "otherword"), [password, "otherword"]),
        ("OBSERVER_DATABASE_URL", url + "2?sslpassword=otherword", [password, "otherword"]),
        ("AWS_SECRET_ACCESS_KEY", "another-secret", [key, "another-secret"]),
        ("OBSERVER_PUBLIC_URL", "https://other.example", []),
        ("OBSERVER_KEY", "an-other-key", ["an-other-key"]),
        ("OBSERVER_SPOOL", "/somewhere/else", []),
        ("OBSERVER_DEMO", "1", []),
        ("OBSERVER_PORT", "1", []),
    ]


def shown(value: str) -> str:
    """What of a value may be seen: its place."""
    if "@" in value:
        return value.rpartition("@")[2].partition("?")[0]
    return value if "/" in value or value.isdigit() else ""


def test_one_setting_is_given_by_its_value_or_by_a_file_and_not_by_both(told, tmp_path: Path):
    file = Path(f"{told.path}.word")
    file.write_text(told.settings["AWS_SECRET_ACCESS_KEY"] + "\n")
    file.chmod(0o644)
    before = remembered(told)
    told.settings = {"AWS_SECRET_ACCESS_KEY_FILE": str(file)}
    told.up(seconds=90)
    assert remembered(told) == before, "the same secret from a file is no other setting"
    told.settings = {"AWS_SECRET_ACCESS_KEY_FILE": str(file), "AWS_SECRET_ACCESS_KEY": "x"}
    both = told.observer("up", check=False)
    assert both.returncode == 1 and "AWS_SECRET_ACCESS_KEY_FILE are both given" in both.stderr, both.stderr


@pytest.mark.parametrize("kind", ["full", "link", "clone"])
def test_a_folder_that_is_not_observers_is_refused_and_left_alone(second_home, artifacts, kind):
    folder = artifacts / f"foreign-{kind}"
    (folder / "sub").mkdir(parents=True)
    (folder / "note").write_text("not Observer's")
    place = second_home()
    if kind == "link":
        place.path = artifacts / "link-to-foreign"
        place.path.symlink_to(folder)
    elif kind == "clone":
        folder = Path(__file__).resolve().parents[2]
        place.path = folder
    else:
        place.path = folder

    def state() -> list:
        return [(path.name, path.lstat().st_uid, path.lstat().st_mode) for path in [folder, *sorted(folder.iterdir())]]

    before = state()
    refused = place.observer("up", check=False)
    assert refused.returncode == 1 and "is not a folder of Observer's" in refused.stderr, refused.stderr
    assert state() == before
    place.path = Path("/nonexistent")  # there is nothing to stop and no log to keep

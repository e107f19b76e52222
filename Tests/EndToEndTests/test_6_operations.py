"""The command itself: `up` again, `status`, `logs`, `doctor`, `down`."""

import json
import re

import requests

from waiting import Stopwatch

SERVICES = {"postgres", "rabbitmq", "s3", "nginx", "web", "capture", "upload", "camera"}


def test_status_tells_of_every_service_to_people_and_programs(home):
    services = json.loads(home.observer("status", "--json").stdout)
    assert {service["name"] for service in services} == SERVICES
    assert all(service["state"] == "running" and service["pid"] for service in services), services
    lines = home.observer("status").stdout.splitlines()
    for service in services:
        assert any(re.match(rf"{service['name']}\s+running\s+pid {service['pid']}\b", line) for line in lines), lines


def test_up_again_is_harmless_and_quick(home):
    before = {service["name"]: service["pid"] for service in json.loads(home.observer("status", "--json").stdout)}
    watch = Stopwatch()
    again = home.up(seconds=60)
    assert watch.seconds < 30, f"a second `up` took {watch.seconds:.0f} s"
    after = {service["name"]: service["pid"] for service in json.loads(home.observer("status", "--json").stdout)}
    assert before == after, "`up` restarted something that ran"
    assert str(home.port) in again.stdout


def test_doctor_finds_nothing_to_mend(home):
    result = home.observer("doctor", check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_logs_shows_a_service_and_refuses_an_unknown_one(home):
    assert home.observer("logs", "capture").stdout.strip()
    wrong = home.observer("logs", "nonesuch", check=False)
    assert wrong.returncode != 0 and "nonesuch" in wrong.stderr


def test_a_set_password_signs_in(home):
    first = home.admin_password
    home.observer("password", "admin", stdin="A long new password 1\n")
    try:
        assert sign_in(home, "A long new password 1"), "the new password does not sign in"
        assert not sign_in(home, first), "the old password still signs in"
    finally:
        home.observer("password", "admin", stdin=first + "\n")


def sign_in(home, password: str) -> bool:
    session = requests.Session()
    page = session.get(f"{home.api}/controller/sign-in", timeout=10).text
    csrf = re.search(r'name="csrf" value="([^"]*)"', page).group(1)
    answer = session.post(
        f"{home.api}/controller/sign-in",
        timeout=10,
        headers={"Origin": home.url},
        data={"name": "admin", "password": password, "csrf": csrf},
    )
    return "Sign out" in answer.text


def test_down_leaves_no_process(home):
    assert home.processes(), "nothing ran in the first place"
    home.observer("down", seconds=120)
    left = home.processes()
    assert not left, f"still there: {left}"
    states = {service["state"] for service in json.loads(home.observer("status", "--json", check=False).stdout)}
    assert states == {"stopped"}

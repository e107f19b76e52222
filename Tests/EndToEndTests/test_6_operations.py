"""The command itself: `up` again, `status`, `logs`, `doctor`, `down`."""

import json
import re

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
    import requests
    home.observer("password", "admin", stdin="A long new password 1\n")
    session = requests.Session()
    page = session.get(f"{home.api}/controller/", timeout=10).text
    csrf = re.search(r'name="csrf" value="([^"]*)"', page)
    answer = session.post(f"{home.api}/controller/sign-in", timeout=10, headers={"Origin": home.url}, data={
        "user": "admin", "name": "admin", "password": "A long new password 1", "csrf": csrf.group(1) if csrf else ""})
    assert answer.status_code == 200 and "Sign out" in answer.text, f"{answer.status_code} {answer.text[:500]}"


def test_down_leaves_no_process(home):
    assert home.processes(), "nothing ran in the first place"
    home.observer("down", seconds=120)
    left = home.processes()
    assert not left, f"still there: {left}"
    states = {service["state"] for service in json.loads(home.observer("status", "--json", check=False).stdout)}
    assert states == {"stopped"}

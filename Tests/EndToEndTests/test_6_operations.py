"""The command itself: `up` again, `status`, `logs`, `doctor`, `down`; the supervisor; a second home beside the first."""

import json
import re
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
import requests

import browsing
from waiting import Stopwatch, await_value

SERVICES = {"postgres", "rabbitmq", "s3", "nginx", "web", "capture", "upload", "retention", "camera"}
BACK_WITHIN = 2.0
BENCH = Path(__file__).resolve().parents[2] / "bench"
STEP = re.compile(r"^  (\S.*?) +(\d+\.\d) s$", re.MULTILINE)


def test_up_shows_how_long_each_step_took(home):
    steps = dict(STEP.findall(home.up_output))
    wanted = {"migrate the database", "make the bucket", "wait for web", "wait for rabbitmq", "first recording in S3"}
    if home.is_fresh:
        wanted |= {"make the database cluster"}
    assert wanted <= set(steps), home.up_output
    for line in home.up_output.partition("\n\n")[0].splitlines()[1:]:
        assert STEP.match(line) or " … " in line, f"no time in: {line}"


def test_status_tells_of_every_service_to_people_and_programs(home):
    services = json.loads(home.observer("status", "--json").stdout)
    assert {service["name"] for service in services} == SERVICES
    assert all(service["state"] == "running" and service["pid"] for service in services), services
    lines = home.observer("status").stdout.splitlines()
    for service in services:
        assert any(re.match(rf"{service['name']}\s+running\s+pid {service['pid']}\b", line) for line in lines), lines


def test_up_again_is_harmless_and_quick(home):
    before = pids(home)
    watch = Stopwatch()
    again = home.up(seconds=60)
    assert watch.seconds < 30, f"a second `up` took {watch.seconds:.0f} s"
    assert before == pids(home), "`up` restarted something that ran"
    assert str(home.port) in again.stdout


def pids(home) -> dict[str, int]:
    return {name: service["pid"] for name, service in home.states().items()}


def test_doctor_finds_nothing_wrong(home):
    result = home.observer("doctor", check=False)
    assert result.returncode == 0, result.stdout + result.stderr


COMPARISONS = sorted(line.split("`")[1].split()[-1] for line in (BENCH / "README.md").open() if line.startswith("| `"))


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_comparison_can_be_loaded(name):
    run = subprocess.run([sys.executable, BENCH / name, "--help"], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert f"usage: {name} " in run.stdout and "--help" in run.stdout


def test_the_comparison_of_a_backlog_is_not_content_with_nothing():
    program = f"""
import json, runpy, types
shortfalls = runpy.run_path({str(BENCH / "backlog")!r})["shortfalls"]
options = types.SimpleNamespace(segments=200_000, seconds=60.0)
good = dict(lag_p95=1.0, start_seconds=2.0, most_mb=100.0, drained=20_000, new=300)
wrong = [dict(lag_p95=31.0), dict(start_seconds=31.0), dict(most_mb=201.0), dict(drained=0), dict(drained=11_999), dict(new=0)]
print(json.dumps([shortfalls(options, each) for each in [dict(a=good), {{}}] + [dict(a=good, b=good | it) for it in wrong]]))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    good, nothing, *wrong = json.loads(run.stdout)
    assert not good and nothing == ["nothing was measured: there is no broker"]
    assert all(len(each) == 1 and each[0].startswith("b: ") for each in wrong), wrong


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


def accepts_connections(home) -> bool:
    try:
        return home.rows("select 1 as one") == [{"one": 1}]
    except psycopg2.OperationalError:
        return False


def serves(home) -> bool:
    return requests.get(f"{home.api}/controller/healthcheck", timeout=2).status_code == 200


@pytest.mark.parametrize("service", ["web", "nginx", "postgres", "camera", "capture", "upload", "retention", "s3", "rabbitmq"])
def test_a_killed_service_is_back_within_two_seconds(home, service):
    # The database, the broker and the store run again within that time, and have to boot or to recover from the crash.
    answers = {"web": serves, "nginx": serves}.get(service, lambda home: True)
    seconds = home.kill(service, lambda: answers(home))
    assert seconds <= BACK_WITHIN, f"back after {seconds:.2f} s"
    if service == "postgres":
        await_value("the database accepts connections", 15, lambda: accepts_connections(home), every=0.1)

    def ails() -> str:
        """Returns what `doctor` finds, which asks the database, the broker and the store."""
        result = home.observer("doctor", check=False)
        return result.returncode and result.stdout + result.stderr

    await_value("all is well again", 60, lambda: not ails(), every=0.5, context=ails)


def test_a_failed_up_says_what_why_and_what_next_and_leaves_no_process(home, second_home):
    """Once before anything was started, once with the supervisor, the broker and the store running."""
    taken = second_home(OBSERVER_PORT=str(home.port))
    taken.port = home.port
    nowhere = second_home(OBSERVER_DATABASE_URL="postgresql://observer:secret@127.0.0.1:1/observer")
    for place, what in ((taken, f"port {home.port} is taken"), (nowhere, "migrate the database: failed")):
        result = place.observer("up", check=False)
        assert result.returncode == 1, result.stdout
        said = result.stderr.partition("\nobserver: ")[2].splitlines()
        assert said[0].startswith(what), result.stderr
        assert re.match(r"  why:  \S", said[1]) and re.match(r"  next: \S", said[2]), result.stderr
        assert "secret" not in result.stdout + result.stderr
        assert not place.processes(), f"still there: {place.processes()}"
    assert serves(home)


def test_a_home_with_services_of_others_starts_only_what_is_missing_and_as_many_recorders_as_are_wanted(
    home, guest_home, new_page, artifacts
):
    before = pids(home)
    second = guest_home("second", OBSERVER_CAPTURE_PROCESSES="2")
    second.up(seconds=60)  # ends when its demo camera's first recording is in the store
    external = {name for name, service in second.states().items() if service["state"] == "external"}
    running = {name for name, service in second.states().items() if service["state"] == "running"}
    given_by_others = {"postgres", "rabbitmq", "s3"}
    assert (external, running) == (given_by_others, SERVICES - given_by_others | {"capture-2"})
    names = [row["id"] for row in second.rows("select id from recorders where not fenced and not draining order by id")]
    assert len(names) == 2 and names[1] == f"{names[0]}-2", names
    programs = " ".join(second.processes().values())
    assert not re.search(r"postgres |beam|rabbitmq|weed|epmd", programs), programs
    assert second.s3().list_objects_v2(Bucket="second")["KeyCount"] > 0
    assert second.rows("select name from cameras") == [{"name": "Demo camera"}]
    assert serves(second) and serves(home)
    # As nobody has added one yet.
    second.rows("update cameras set is_active = false, deleted_at = now() returning id")
    page = new_page(base_url=second.url)
    browsing.sign_in(page, second)
    for place in ("", "wall", "recorders", "storage"):
        page.goto(f"/api/v1/controller/{place}")
        page.screenshot(path=artifacts / f"{place or 'cameras'}-empty.png")
        assert place not in ("", "wall") or page.get_by_role("heading", name="No cameras yet").is_visible()
        assert not browsing.violations(page)
    second.observer("down")
    assert not second.processes() and pids(home) == before


def test_down_leaves_no_process(home):
    assert home.processes(), "nothing ran in the first place"
    home.observer("down", seconds=120)
    left = home.processes()
    assert not left, f"still there: {left}"
    assert {service["state"] for service in home.states().values()} == {"stopped"}


def test_a_warm_start_takes_less_than_thirty_seconds(home, capsys):
    watch = Stopwatch()
    home.up(seconds=60)
    with capsys.disabled():
        print(f" warm start: {watch.seconds:.1f} s ", end="")
    assert watch.seconds < 30, f"{watch.seconds:.1f} s"
    assert {service["state"] for service in home.states().values()} == {"running"}
    assert serves(home)

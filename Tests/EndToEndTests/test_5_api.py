"""The REST API, with the names and paths of the original's clients."""

import json

import openapi_spec_validator
import pytest
import requests

from home import Client
from waiting import await_value


def test_health_checks_answer_up_without_credentials(home):
    for path in (
        "/controller/healthcheck",
        "/cameras/healthcheck",
        "/controller/healthcheck/",
        "/cameras/healthcheck/",
    ):
        answer = requests.get(home.api + path, timeout=10)
        assert answer.status_code == 200 and "UP" in answer.text, f"{path}: {answer.status_code} {answer.text[:200]}"


def test_readiness_names_each_dependency_to_those_who_are_signed_in(home, api):
    stranger = requests.get(home.api + "/health/ready", timeout=10)
    assert (stranger.status_code, stranger.json()) == (200, {"status": "ready"}), stranger.text
    answer = api.call("GET", "/health/ready", 200)
    checks = {name: check["ok"] for name, check in answer.json()["checks"].items()}
    assert checks == {"database": True, "broker": True, "storage": True, "spool": True}, answer.text


def test_everything_else_wants_credentials(home):
    for method, path in (
        ("GET", "/cameras/"),
        ("POST", "/cameras/"),
        ("GET", "/cameras/1"),
        ("PATCH", "/cameras/1"),
        ("DELETE", "/cameras/1"),
        ("POST", "/cameras/1/on"),
        ("GET", "/cameras/1/segments"),
        ("POST", "/controller/camera/1/update_state"),
    ):
        answer = requests.request(method, home.api + path, json={}, timeout=10)
        assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
        assert answer.headers["Content-Type"].startswith("application/problem+json"), answer.headers


@pytest.mark.parametrize("slash", ["", "/"], ids=["without a slash", "with a slash"])
def test_the_original_clients_requests_work(home, api, camera_simulator, slash):
    created = api.call(
        "POST",
        f"/cameras{slash}",
        201,
        json={
            "name": "Gate",
            "location": "Old Trafford",
            "location_details": "Stretford End",
            "url": camera_simulator.url("original1"),
            "is_active": False,
        },
    )
    camera = created.json()
    assert created.headers["Location"].rstrip("/").endswith(f"/cameras/{camera['id']}")
    path = f"/cameras/{camera['id']}{slash}"
    assert {**camera, **api.get(path)}["location_details"] == "Stretford End"
    assert camera["id"] in [entry["id"] for entry in api.get(f"/cameras{slash}")]

    switched = api.call("POST", f"/controller/camera/{camera['id']}/update_state{slash}", json={"is_active": True})
    assert switched.status_code in (200, 202), switched.text
    assert api.get(path)["is_active"] is True
    api.await_state(camera["id"], "recording", 15)
    api.call("POST", f"/controller/camera/{camera['id']}/update_state{slash}", json={"is_active": False})
    api.await_state(camera["id"], "off", 10)

    renamed = api.call("PATCH", path, 200, json={"name": "North gate", "location_details": None}).json()
    assert renamed["name"] == "North gate" and renamed["location_details"] is None
    assert renamed["version"] > camera["version"]
    api.call("DELETE", path, 204)
    api.call("GET", path, 404)


def test_on_and_off_are_idempotent_and_answer_with_the_camera(api, camera_simulator, cameras):
    camera = cameras("Twice", camera_simulator.url("twice1"), on=False)
    for _ in range(2):
        assert api.switch(camera, True)["is_active"] is True
    api.await_state(camera, "recording", 15)
    for _ in range(2):
        assert api.switch(camera, False)["is_active"] is False
    api.await_state(camera, "off", 10)


def test_every_change_is_announced_to_the_capture_queue(api, camera_simulator, cameras, tap):
    camera = cameras("Announced", camera_simulator.url("announced1"), on=False)
    version = api.switch(camera, True)["version"]

    def told() -> bool:
        return any(
            body.get("camera_id") == camera and body.get("version") == version
            for body in tap.bodies("observer.capture")
        )

    await_value("camera.changed was published", 5, told, context=lambda: tap.messages[-5:])
    assert all(set(body) <= {"v", "camera_id", "version", "retry"} for body in tap.bodies("observer.capture"))


def test_an_outdated_edit_is_refused(api, camera_simulator, cameras):
    camera = cameras("Edited", camera_simulator.url("edited1"), on=False)
    tag = api.call("GET", f"/cameras/{camera}", 200).headers["ETag"]
    api.call("PATCH", f"/cameras/{camera}", 200, json={"name": "First"}, headers={"If-Match": tag})
    api.call("PATCH", f"/cameras/{camera}", 412, json={"name": "Second"}, headers={"If-Match": tag})
    assert api.get(f"/cameras/{camera}")["name"] == "First"


WRONG = [
    ("name", ""),
    ("name", 7),
    ("name", None),
    ("name", "x" * 2000),
    ("location", 5),
    ("url", ""),
    ("url", 12),
    ("url", "nonsense"),
    ("url", "file:///etc/passwd"),
    ("url", "concat:a|b"),
    ("url", "subfile,,start,0,end,9,,:/etc/passwd"),
    ("url", "/etc/passwd"),
    ("url", "rtsp://cam/\nX: y"),
    ("url", "rtsp://cam example/"),
    ("url", "http://169.254.169.254/latest/meta-data"),
    ("url", "rtsp://0.0.0.0/a"),
    ("url", "rtsp://127.0.0.2/a"),
    ("url", "rtsp://[::ffff:127.0.0.2]/a"),
    ("sub_url", 12),
    ("sub_url", "rtsp://viewer:secret@192.0.2.10/small"),
    ("is_active", "yes"),
    ("segment_seconds", 1),
    ("segment_seconds", 301),
    ("segment_seconds", "10"),
    ("segment_seconds", 2.5),
    ("transport", "pigeon"),
    ("tls", "none"),
    ("audio", "loud"),
    ("retention_days", 0),
    ("retention_days", 99999),
    ("priority", 101),
    ("priority", "high"),
    ("tags", "outdoor"),
    ("tags", [1]),
    ("location_details", ["a"]),
    ("username", 3),
    ("password", {"a": 1}),
    ("colour", "red"),
]


@pytest.mark.parametrize("name,value", WRONG, ids=[f"{name}={json.dumps(value)[:40]}" for name, value in WRONG])
def test_a_wrong_field_is_named_and_nothing_changes(api, camera_simulator, edited, name, value):
    before = api.get(f"/cameras/{edited}")
    count = len(api.get("/cameras/"))
    good = {"name": "New", "location": "Here", "url": camera_simulator.url("new1"), "is_active": False}
    for answer in (
        api.call("POST", "/cameras/", json=good | {name: value}),
        api.call("PATCH", f"/cameras/{edited}", json={name: value}),
    ):
        assert answer.status_code == 422, f"{answer.request.method}: {answer.status_code} {answer.text[:300]}"
        assert name in answer.json()["errors"], answer.text
        assert answer.json()["detail"]
    assert len(api.get("/cameras/")) == count
    after = api.get(f"/cameras/{edited}")
    assert {k: v for k, v in after.items() if k != "status"} == {k: v for k, v in before.items() if k != "status"}


@pytest.fixture(scope="module")
def edited(api, camera_simulator):
    return api.add_camera("Never changed", camera_simulator.url("never1"), on=False)["id"]


def test_wrong_paths_methods_and_bodies_have_their_own_answers(api, edited):
    api.call("GET", "/no/such/path", 404)
    api.call("GET", "/cameras/999999", 404)
    assert "GET" in api.call("PUT", "/cameras/", 405).headers["Allow"]
    api.call("POST", "/cameras/", 415, data="name=x", headers={"Content-Type": "text/plain"})
    assert api.call("POST", "/cameras/", data="{", headers={"Content-Type": "application/json"}).status_code in (
        400,
        422,
    )
    api.call(
        "POST",
        "/cameras/",
        413,
        data=b'{"name": "' + b"x" * (9 << 20) + b'"}',
        headers={"Content-Type": "application/json"},
    )


def test_a_segment_is_served_through_nginx_with_ranges_and_only_to_whom_may(home, api, camera_simulator, cameras):
    camera = cameras("Served", camera_simulator.url("served1"))
    rows = await_value(
        "a segment is stored",
        30,
        lambda: [row for row in api.get(f"/cameras/{camera}/segments") if row["state"] == "stored"],
    )
    segment = rows[0]
    path = f"/segments/{segment['id']}.mp4"
    whole = api.call("GET", path, 200)
    assert len(whole.content) == segment["bytes"] and whole.headers["Content-Type"].startswith("video/mp4")
    part = api.call("GET", path, 206, headers={"Range": "bytes=100-299"})
    assert part.content == whole.content[100:300]
    assert requests.get(home.api + path, timeout=10).status_code == 401
    key = f"{home.environment()['AWS_ENDPOINT_URL_S3'].rstrip('/')}/{home.bucket}/{segment['object_key']}"
    assert requests.get(key, timeout=10).status_code == 403, "the bucket is not private"
    assert requests.get(f"{home.url}/internal/s3/{home.bucket}/{segment['object_key']}", timeout=10).status_code == 404


def test_openapi_is_valid_and_names_every_path_that_is_served(home, api):
    document = requests.get(home.api + "/openapi.json", timeout=10).json()
    openapi_spec_validator.validate(document)
    assert document["openapi"].startswith("3.1")
    text = json.dumps(list(document["paths"]))
    for path in (
        "/cameras/",
        "/cameras/{id}",
        "/cameras/{id}/on",
        "/cameras/{id}/off",
        "/cameras/{id}/segments",
        "/segments/{id}.mp4",
        "/controller/healthcheck",
        "/cameras/healthcheck",
        "/health/live",
        "/health/ready",
    ):
        assert path in text, f"{path} is not in openapi.json: {text}"


def test_a_camera_password_shows_up_nowhere(home, api, camera_simulator, cameras, canary, tap):
    camera = cameras("Locked", camera_simulator.url("locked1", credentials=f"viewer:{canary}"))
    other = cameras("Locked too", camera_simulator.url("locked2"), username="viewer", password=canary)
    wrong = cameras("Wrong scheme", f"rtsp://viewer:{canary}@127.0.0.1:1/unreachable1")
    for one in (camera, other):
        api.await_state(one, "recording", 15)
    api.await_state(wrong, "retrying", 15)
    stored = api.get(f"/cameras/{camera}")
    assert stored["username"] == "viewer" and "@" not in stored["url"]
    places = {
        "API: list": api.call("GET", "/cameras/").text,
        "API: one": "".join(api.call("GET", f"/cameras/{one}").text for one in (camera, other, wrong)),
        "API: refusal": api.call("PATCH", f"/cameras/{camera}", 422, json={"url": f"ftp://viewer:{canary}@cam/x"}).text,
        "processes": "\n".join(home.processes().values()),
        "messages": "\n".join(repr(message) for message in tap.messages),
        # As text: bytes come as hexadecimal digits, which the driver would hide behind a memoryview.
        **{
            f"table {table}": str(home.rows(f"select t::text from {table} t"))
            for table in ("cameras", "camera_status", "gaps", "segments", "recorders", "assignments")
        },
        "sidecars": "".join(path.read_text() for path in (home.spool / "ready").glob("*.json")),
    }
    for path in (home.path / "logs").rglob("*.log"):
        places[f"log {path.name}"] = path.read_text(errors="replace")
    query = "select password_sealed is not null as sealed from cameras where id = any(%s)"
    assert [row["sealed"] for row in home.rows(query, [camera, other, wrong])] == [True] * 3
    shown = [place for place, text in places.items() if canary in text or canary.encode().hex() in text]
    assert not shown, f"the password is shown in: {shown}"


def test_a_secret_in_an_address_shows_up_for_operators_alone(home, api, camera_simulator, cameras, canary, tap):
    word = f"in{canary}"
    simulated = camera_simulator.url("nowhere").rsplit("/", 1)[0]
    nobody = "127.0.0.1:1"
    addresses = [
        f"{simulated}/user=viewer_password={word}_channel=1_stream=0.sdp?real_stream",
        f"{simulated}/user=viewer&password={word}&channel=1",
        f"{simulated}/nowhere?channel=1&PassWord={word}",
        f"rtmp://{nobody}/bcs/channel0_main.bcs?channel=0&stream=0&user=viewer&password={word}",
        f"http://{nobody}/videostream.cgi?loginuse=viewer&loginpas={word}",
        f"http://{nobody}/nowhere1?p%61ssword={word}&x=1",
    ]
    ids = [cameras(f"Secretive {number}", url) for number, url in enumerate(addresses)]
    # The simulator plays whatever it is asked for.
    for one in ids:
        await_value(f"camera {one} was tried", 20, lambda: api.status(one)["state"] in ("recording", "retrying"))
    assert [api.get(f"/cameras/{one}")["url"] for one in ids] == addresses
    viewer = Client(home.api, home.observer("token", f"looks-{word[-6:]}", "--role", "viewer").stdout.strip())
    page = {"Authorization": viewer.session.headers["Authorization"]}
    places = {
        "API: list": viewer.call("GET", "/cameras/?limit=500").text,
        "API: one": "".join(viewer.call("GET", f"/cameras/{one}").text for one in ids),
        "API: search": viewer.call("GET", f"/cameras/?q={word}").text,
        "API: metrics": viewer.call("GET", "/metrics").text,
        "pages": "".join(
            requests.get(f"{home.api}/controller{path}", headers=page, timeout=15).text
            for path in ["/", f"/?q={word[:8]}", *[f"/cameras/{one}" for one in ids]]
        ).replace(f'value="{word[:8]}"', ""),
        "processes": "\n".join(home.processes().values()),
        "messages": "\n".join(repr(message) for message in tap.messages),
        "tool": home.observer("token", "list").stdout + home.observer("user", "list").stdout,
        **{
            f"table {table['name']}": str(home.rows(f"select t::text from {table['name']} t"))
            for table in home.rows("select tablename as name from pg_tables where schemaname = 'public'")
        },
    }
    for path in (home.path / "logs").rglob("*.log"):
        places[f"log {path.name}"] = path.read_text(errors="replace")
    # The access log of nginx has the search itself, which is the viewer's own word.
    shown = [
        place
        for place, text in places.items()
        if "nginx" not in place and (word in text or word.encode().hex() in text)
    ]
    assert not shown, f"the secret is shown in: {shown}"
    assert '"***' not in places["API: search"] and "Secretive" not in places["API: search"]

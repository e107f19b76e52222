"""Frames counted: what is in S3 is what the camera sent."""

from evidence import assert_media_time_continuous, assert_no_frame_lost, assert_playable_alone, gather
from waiting import await_value


def test_every_frame_a_camera_sent_is_in_s3_once_across_six_cuts(home, api, camera_simulator, cameras, tmp_path):
    name = "counted1"
    camera = cameras("Counted", camera_simulator.url(name))
    api.await_state(camera, "recording", 15)
    await_value("eight segments are recorded", 40, lambda: len(api.get(f"/cameras/{camera}/segments")) >= 8)
    at_off = camera_simulator.last_sent(name)
    api.switch(camera, False)
    api.await_state(camera, "off", 10)

    recording = gather(home, camera)
    assert recording.cuts >= 6, f"only {recording.cuts} cuts"
    connections = camera_simulator.connections(name)
    assert len(connections) == 1, f"the camera was opened {len(connections)} times: {connections}"
    first_sent = connections[0]["ranges"][0][0]
    assert_no_frame_lost(recording, camera_simulator, name, from_counter=first_sent)
    assert recording.counters[-1] >= at_off - camera_simulator.fps, (
        f"stored up to {recording.counters[-1]}, but {at_off} had been sent when the camera was switched off"
    )
    assert_media_time_continuous(recording)
    assert_playable_alone(recording, tmp_path)


def test_a_camera_that_is_asked_for_sound_loses_no_frame_in_libavformats_own_client(
    home, api, camera_simulator, cameras, tmp_path
):
    name = "lavf1"
    camera = cameras("Through libavformat", camera_simulator.url(name), audio="copy")
    api.await_state(camera, "recording", 15)
    await_value("five segments are recorded", 30, lambda: len(api.get(f"/cameras/{camera}/segments")) >= 5)
    api.switch(camera, False)
    api.await_state(camera, "off", 10)
    recording = gather(home, camera)
    assert recording.cuts >= 3, f"only {recording.cuts} cuts"
    (connection,) = camera_simulator.connections(name)
    # Observer's own client for a single track begins with DESCRIBE.
    assert connection["methods"][0] == "OPTIONS", f"that was another client: {connection['methods']}"
    assert_no_frame_lost(recording, camera_simulator, name, from_counter=connection["ranges"][0][0])
    assert_media_time_continuous(recording)
    assert_playable_alone(recording, tmp_path)


def test_a_camera_that_begins_in_the_middle_of_a_group_loses_nothing_after_its_first_key_frame(
    home, api, camera_simulator, cameras
):
    name = "midway1"
    camera = cameras("Midway", camera_simulator.url(name) + "?join=any")
    api.await_state(camera, "recording", 15)
    await_value("three segments are recorded", 20, lambda: len(api.get(f"/cameras/{camera}/segments")) >= 3)
    api.switch(camera, False)
    api.await_state(camera, "off", 10)
    recording = gather(home, camera)
    first_sent = camera_simulator.connections(name)[0]["ranges"][0][0]
    assert_no_frame_lost(recording, camera_simulator, name, from_counter=first_sent + camera_simulator.fps)


def test_the_catalogue_can_be_rebuilt_from_the_bucket_alone(home, api, camera_simulator, cameras):
    camera = cameras("Metadata", camera_simulator.url("meta1"))
    api.await_state(camera, "recording", 15)
    await_value(
        "a segment is stored",
        20,
        lambda: [row for row in api.get(f"/cameras/{camera}/segments") if row["state"] == "stored"],
    )
    row = next(row for row in api.get(f"/cameras/{camera}/segments") if row["state"] == "stored")
    metadata = home.s3().head_object(Bucket=home.bucket, Key=row["object_key"])["Metadata"]
    told = " ".join(f"{name}={value}" for name, value in metadata.items())
    for fact in (row["id"], row["sha256"]):
        assert fact in told, f"{fact} is not in the object's metadata: {told}"

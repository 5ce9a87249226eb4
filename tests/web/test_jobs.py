"""Encoding for the page: rows, progress, proof, and what becomes of jobs that are stopped."""

from __future__ import annotations

import json
import shutil
import time

import pytest
from web_tools import wait_for, wav_bytes

import nlac
from nlac._errors import NlacError
from nlac.web.work.job import Unit
from nlac.web.work.jobs import Jobs, TooMuchWaiting


def send(client, data, name="song.wav"):
    return client.post("/api/uploads", params={"name": name}, content=data).json()["ref"]


def test_file_with_two_presets_and_peers(client):
    data = wav_bytes(frames=30_000)
    body = {"ref": send(client, data), "presets": ["standard", "fast"], "peers": True}
    job = client.post("/api/jobs", json=body)
    assert job.status_code == 202
    state = wait_for(client, job.json()["id"])
    assert state["state"] == "done"
    rows = {row["codec"]: row for row in state["rows"]}
    assert list(rows)[:2] == ["nlac fast", "nlac standard"]
    for program, codec in (("flac", "flac -8"), ("wavpack", "wavpack -hx")):
        assert (codec in rows) == (shutil.which(program) is not None)
    for row in rows.values():
        assert row["state"] == "done", row["error"]
        assert row["exact"] is True
        assert row["proof"] == ("file" if row["preset"] else "samples")
        assert row["share"] == pytest.approx(row["bytes"] / len(data))
        assert row["bits_per_sample"] == pytest.approx(8 * row["bytes"] / 60_000)
        assert min(row["encode_seconds"], row["decode_seconds"]) > 0
    ref = rows["nlac fast"]["ref"]
    stream = client.get("/api/download", params={"ref": ref})
    assert len(stream.content) == rows["nlac fast"]["bytes"]
    assert "song.fast.nlac" in stream.headers["content-disposition"]
    back = client.get("/api/download", params={"ref": ref, "what": "original"})
    assert back.content == data
    assert client.get("/api/audio", params={"ref": ref}).content == data


def test_nlac_file_is_encoded_from_its_original(client):
    job = client.post("/api/jobs", json={"ref": "library:sub/song.nlac", "presets": ["fast"]})
    state = wait_for(client, job.json()["id"])
    (row,) = state["rows"]
    assert row["exact"]
    original = nlac.info(client.app.state.nlac.settings.folder / "sub/song.nlac").original_bytes
    assert row["share"] == pytest.approx(row["bytes"] / original)


def test_events_end_with_the_result(client):
    ref = send(client, wav_bytes())
    job = client.post("/api/jobs", json={"ref": ref, "presets": ["fast"]}).json()["id"]
    with client.stream("GET", f"/api/jobs/{job}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = "".join(answer.iter_text())
    events = [event.splitlines() for event in text.split("\n\n") if event]
    assert [event[0] for event in events] == ["event: state"] * (len(events) - 1) + ["event: end"]
    last = json.loads(events[-2][1].removeprefix("data: "))
    assert last == client.get(f"/api/jobs/{job}").json()
    assert last["state"] == "done"


def test_wrong_requests(client):
    ref = send(client, wav_bytes())
    for body, code in (
        ({"ref": "upload:none", "presets": ["fast"]}, 404),
        ({"ref": ref, "presets": []}, 422),
        ({"ref": ref, "presets": ["fastest"]}, 422),
        ({"ref": ref}, 422),
    ):
        answer = client.post("/api/jobs", json=body)
        assert answer.status_code == code
        assert isinstance(answer.json()["detail"], str)
    for method in ("GET", "DELETE"):
        assert client.request(method, "/api/jobs/none").status_code == 404


def count_to(report, number):
    for k in range(number):
        report({"count": k})
        time.sleep(0.02)
    return {"end": number}


def fail(report, kind):
    if kind == "known":
        raise NlacError("frame 7 is green")
    if kind == "unknown":
        raise ZeroDivisionError
    import os

    os._exit(3)


@pytest.fixture
def jobs():
    jobs = Jobs(2, 4)
    yield jobs
    jobs.close()


def over(job, seconds=60):
    end = time.monotonic() + seconds
    while not job.is_over:
        assert time.monotonic() < end
        time.sleep(0.02)
    return job


def test_parts_run_in_processes_and_report(jobs):
    ended = []
    units = [Unit(name, count_to, (3,)) for name in "ab"]
    job = over(jobs.submit("test", units, {"of": "x"}, ended=ended.append))
    assert {name: part.facts for name, part in job.parts.items()} == {
        name: {"count": 2, "end": 3} for name in "ab"
    }
    assert job.state == "done"
    assert ended == [job]


def test_faults_are_those_of_their_part(jobs):
    kinds = ["known", "unknown", "exit"]
    job = jobs.submit(
        "test", [Unit(kind, fail, (kind,)) for kind in kinds] + [Unit("good", count_to, (1,))], {}
    )
    over(job)
    errors = [job.parts[kind].error for kind in kinds]
    assert errors[0] == "frame 7 is green"
    assert errors[1].startswith("a fault of nlac itself")
    assert errors[2] == "the process ended before its work was done"
    assert job.parts["good"].state == "done"
    assert job.state == "done"


def test_jobs_are_stopped_at_once_and_the_queue_is_bounded(jobs):
    running = jobs.submit("test", [Unit("long", count_to, (10_000,))], {})
    others = [jobs.submit("test", [Unit("long", count_to, (10_000,))], {}) for _ in range(2)]
    while not running.parts["long"].facts:
        time.sleep(0.02)
    with pytest.raises(TooMuchWaiting):
        jobs.submit("test", [Unit(str(k), count_to, (1,)) for k in range(4)], {})
    for job in (running, *others):
        jobs.stop(job)
    begin = time.monotonic()
    for job in (running, *others):
        assert over(job).state == "stopped"
    # not of how fast it is, but of whether it waited for the 200 s of the work
    assert time.monotonic() - begin < 60

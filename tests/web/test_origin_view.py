"""The page's view of a stream that holds granules of a lossy one."""

from __future__ import annotations

import time

import numpy as np
import pytest
from lossy_streams import Lossy, lossy_stream

REF = {"ref": "library:was.nlac"}
FRAMES = 30_000


@pytest.fixture
def samples(archive):
    data, samples = lossy_stream(FRAMES, [Lossy(12_000, FRAMES)], block=10_000)
    (archive / "was.nlac").write_bytes(data)
    return samples


def ask(client, url, **query):
    answer = client.get(url, params={**REF, **query})
    assert answer.status_code == 200, answer.text
    return answer


def test_it_is_told_and_shown(client, samples):
    facts = ask(client, "/api/facts").json()
    assert facts["stream"]["origin"]["summary"][0].startswith("was an MP3: about ")
    end = time.monotonic() + 60
    # what is told is of the whole stream, whatever is seen of it
    while (told := ask(client, "/api/trace", start=11_000, stop=13_000).json())["origin"] is None:
        ask(client, "/api/trace")
        assert time.monotonic() < end
        time.sleep(0.05)
    (one,) = told["origin"]["stretches"]
    assert (one["start"], one["stop"], one["stereo"]) == (12_000, FRAMES, "joint stereo")
    (block,) = told["blocks"]
    assert block["predictor"] == "origin (Layer III)"
    assert {each["granules"] > 0 for each in told["segments"]} == {False, True}
    parts = [
        ask(client, "/api/peaks", start=11_800, stop=12_300, columns=500, kind=kind).json()
        for kind in ("prediction", "residual")
    ]
    total = sum(np.array(each["samples"]) for each in parts)
    np.testing.assert_array_equal(total, samples[11_800:12_300].T)


def test_others_have_none(client):
    other = {"ref": "library:sub/song.nlac"}
    end = time.monotonic() + 60
    while not (told := client.get("/api/trace", params=other).json())["complete"]:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert told["origin"] is None
    assert client.get("/api/facts", params=other).json()["stream"]["origin"] is None

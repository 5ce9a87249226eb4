"""What commands tell of files that were once lossy."""

from __future__ import annotations

import json
import re

import pytest
from lossy_streams import Lossy, lossy_stream

FRAMES = 60_000
LINE = r"was an MP3: about \d+ kbit/s, from 0:00\.5 to the end"


@pytest.fixture
def lossy(tmp_path):
    """``was.nlac``, of which all but the first 20,000 frames was an MP3."""
    path = tmp_path / "was.nlac"
    path.write_bytes(lossy_stream(FRAMES, [Lossy(20_000, FRAMES)], block=15_000)[0])
    return path


def test_info_tells_it_from_heads(call, lossy, stream):
    assert re.search(rf"\n +origin +{LINE}\n", call("info", lossy).stdout)
    told = json.loads(call("info", "--json", lossy).stdout)["origin"]
    assert re.fullmatch(LINE, told["summary"][0])
    assert told["share"] == pytest.approx(2 / 3)
    assert (told["stretches"][0]["start"], told["stretches"][0]["stop"]) == (20_000, FRAMES)
    assert told["stretches"][0]["stereo"] is None
    assert "origin" not in call("info", stream).stdout.replace("original", "")
    assert json.loads(call("info", "--json", stream).stdout)["origin"] is None


def test_analyze_tells_more(call, lossy, stream, tmp_path):
    text = call("analyze", lossy).stdout
    assert re.search(r"\n +was an MP3: about \d+ kbit/s, joint stereo, cut at 15\.3 kHz", text)
    assert text.count("was an MP3") == 1
    assert "(lpc, origin (Layer III))" in text
    (told,) = json.loads(call("analyze", "--json", lossy).stdout)["streams"].values()
    (one,) = told["origin"]["stretches"]
    assert (one["stereo"], one["cutoff_hz"]) == ("joint stereo", 15312.5)
    assert one["exact"] == pytest.approx(0.999, abs=5e-4)
    (other,) = json.loads(call("analyze", "--json", stream).stdout)["streams"].values()
    assert other["origin"] is None
    assert call("analyze", "--html", lossy).exit_code == 0
    page = (tmp_path / "was.html").read_text()
    assert page.count("<p>was an MP3: about ") == 1
    assert "<p>was" not in _html(call, stream)


def _html(call, path) -> str:
    assert call("analyze", "--html", path).exit_code == 0
    return path.with_suffix(".html").read_text()


def test_other_commands_take_such_files(call, lossy):
    assert call("analyze", "--csv", lossy).exit_code == 0
    assert call("test", lossy).exit_code == 0
    assert call("decode", lossy, "back.wav").exit_code == 0
    assert "identical" in call("compare", lossy, "back.wav").stdout

"""What opened files show in notebooks, and pages of their own."""

from __future__ import annotations

import base64
import html.parser
import json
import re

import numpy as np
import pytest
import soundfile

import nlac
from nlac.views.analysis import analyze
from nlac.views.output import notebook
from nlac.views.output.html import page, script
from nlac.views.output.wav import wav_url
from nlac.views.recording import open_recording

RATE = 8000
SAMPLES = np.random.default_rng(3).integers(-9000, 9000, (4 * RATE, 2)).astype(np.int16)
TITLE = "<script>alert(1)</script> & co"


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    path = tmp_path_factory.mktemp("html") / "a <b>.nlac"
    nlac.write(path, SAMPLES, RATE, preset="fast", tags={"TITLE": TITLE})
    return path


class Parser(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def played(text):
    url = next(attrs["src"] for tag, attrs in Parser(text).found if tag == "audio")
    return base64.b64decode(url.removeprefix("data:audio/wav;base64,"))


def test_file_shows_player_waveform_and_facts(stream, tmp_path):
    with nlac.open(stream) as file:
        file.seek(77)
        text = file._repr_html_()
        assert file.tell() == 77
    tags = [tag for tag, _ in Parser(text).found]
    assert (tags.count("audio"), tags.count("polygon"), tags.count("script")) == (1, 2, 0)
    assert "&lt;script&gt;" in text
    assert "8 kHz, stereo, 16 bits" in text
    (tmp_path / "a.wav").write_bytes(played(text))
    np.testing.assert_array_equal(soundfile.read(tmp_path / "a.wav", dtype="int16")[0], SAMPLES)
    assert "&lt;NlacFile" in file._repr_html_()


def test_long_files_have_no_player_and_a_waveform_of_slices(stream, monkeypatch):
    monkeypatch.setattr(notebook, "_WHOLE_FRAMES", 1000)
    monkeypatch.setattr(notebook, "wav_url", lambda recording: wav_url(recording, 1000))
    with nlac.open(stream) as file:
        text = file._repr_html_()
    assert "no player" in text
    assert "<svg" in text
    assert "<audio" not in text


def test_empty_file_shows_facts():
    encoder = nlac.Encoder(RATE, 1, 16)
    with nlac.open(encoder.finish()) as file:
        assert "mono" in file._repr_html_()


@pytest.mark.parametrize("bits", [8, 12, 24, 32])
def test_players_get_every_depth(tmp_path, bits):
    top = 1 << (bits - 1)
    samples = np.random.default_rng(bits).integers(-top, top, (500, 1)).astype(np.int32)
    nlac.write(tmp_path / "a.nlac", samples, RATE, bits_per_sample=bits, preset="fast")
    with open_recording(tmp_path / "a.nlac") as recording:
        url = wav_url(recording)
        assert wav_url(recording, 100) is None
    (tmp_path / "a.wav").write_bytes(base64.b64decode(url.partition(",")[2]))
    with open_recording(tmp_path / "a.wav") as recording:
        np.testing.assert_array_equal(recording.read(0, 500), samples)


def test_page_holds_all_and_asks_for_nothing(stream):
    analysis = analyze(stream, against="fast")
    with analysis.recording:
        text = page(analysis)
    parsed = Parser(text)
    for _, attrs in parsed.found:
        for name in ("src", "href"):
            assert attrs.get(name, "data:").startswith("data:")
    assert not re.search(r"\{\{\w+\}\}", text)
    # neither name nor tag ends an element
    assert [tag for tag, _ in parsed.found].count("script") == 2
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert data["facts"]["tags"]["TITLE"] == [TITLE]
    assert data["streams"] == ["this stream", "fast"]
    assert {"peaks:original", "spectrogram:0", "spectrogram:1", "trace", "trace:fast"} <= set(
        data["feeds"]
    )
    picture = data["feeds"]["spectrogram:1"]
    assert len(base64.b64decode(picture["bytes"])) == picture["width"] * picture["height"]
    assert len(played(text)) > SAMPLES.nbytes


def test_modules_become_one_script():
    text = script()
    assert not re.search(r"^(import|export)\b", text, re.MULTILINE)
    names = re.findall(r"^(?:async )?(?:const|let|function|class) (\w+)", text, re.MULTILINE)
    assert len(names) == len(set(names))

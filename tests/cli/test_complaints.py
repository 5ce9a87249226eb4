"""What users of other lossless audio tools complain of, and of small things that please.

Each test names the complaint; rows that are not here have their tests where their subject is.
"""

from __future__ import annotations

import io
import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest

import nlac
from nlac.cli.main import cli


def test_listing_is_short_and_has_json(call, wav):
    """Complaint 15 (xiph/flac 633, 892): metadata listed as hex dumps, to be scraped."""
    picture = nlac.Picture(3, "image/png", "", 1, 1, 24, 0, bytes(range(256)) * 40)
    samples = np.arange(800, dtype=np.int16)
    nlac.write("p.nlac", samples, 8000, tags={"title": "A"}, pictures=[picture], preset="fast")
    shown = call("info", "p.nlac").stdout
    assert len(shown.splitlines()) < 14
    assert "title" in shown.lower()
    assert not re.search(r"(?:[0-9a-f]{2} ){4}", shown)
    facts = json.loads(call("info", "--json", "p.nlac").stdout)
    assert facts["tags"] == {"TITLE": ["A"]}
    assert [item["name"] for item in facts["metadata"]]


def test_audio_only_when_asked_for(call, wav):
    """Complaint 19 (dbry/WavPack 190): no way to store the audio alone."""
    assert call("encode", "-q", "--strip-chunks", wav).exit_code == 0
    facts = nlac.info(wav.with_suffix(".nlac"))
    assert facts.container is None
    assert not [item for item in facts.metadata if "foreign" in item.name or "recipe" in item.name]
    original = wav.read_bytes()
    assert call("decode", "-q", "in.nlac", "fresh.wav").exit_code == 0
    fresh = Path("fresh.wav").read_bytes()
    assert b"odd " in original
    assert b"odd " not in fresh
    assert len(fresh) == 44 + 4 * 3000


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint16", "float64"])
def test_ambiguous_samples_are_refused(dtype):
    """Complaint 26 (pytorch/audio 4211): int16 scaled as PCM saturates silently."""
    samples = (np.arange(100) * 0.3).astype(dtype)
    with pytest.raises(nlac.UsageError, match=dtype):
        nlac.write(io.BytesIO(), samples, 8000)


def test_no_package_that_loses_integers_is_used():
    """Complaint 26: no torchaudio."""
    for path in Path(nlac.__file__).parent.rglob("*.py"):
        assert "import torchaudio" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_24_bits_with_a_chunk_behind(call, tmp_path, channels):
    """Complaint 27 (meta-pytorch/torchcodec 1378): overrun on 24-bit WAV with a trailing chunk."""
    for frames in (1, 2, 1023, 1024, 1025):
        data = np.random.default_rng(frames).bytes(3 * channels * frames)
        fmt = struct.pack("<HHIIHH", 1, channels, 8000, 24000 * channels, 3 * channels, 24)
        body = b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", len(data))
        body += data + bytes(len(data) % 2) + b"LIST" + struct.pack("<I", 4) + b"INFO"
        original = b"RIFF" + struct.pack("<I", len(body)) + body
        stream, back = io.BytesIO(), io.BytesIO()
        nlac.encode(io.BytesIO(original), stream, preset="fast")
        nlac.decode(stream.getvalue(), back)
        assert back.getvalue() == original
        whole = nlac.read(stream.getvalue(), always_2d=True)[0].reshape(-1)
        assert whole.tolist() == [
            int.from_bytes(data[i : i + 3], "little", signed=True) for i in range(0, len(data), 3)
        ]


@pytest.mark.parametrize(
    "options", [{}, {"coder": "range"}, {"coder": "rice"}, {"preset": "high"}], ids=str
)
def test_every_short_length(options):
    """Complaint 33 (lucastheis/rangecoder 1): coders fail on short sequences."""
    noise = np.random.default_rng(1).integers(-200, 200, (70, 2)).astype(np.int16)
    for length in (*range(20), 31, 32, 33, 63, 64, 65, 70):
        stream = io.BytesIO()
        nlac.write(stream, noise[:length], 8000, **options)
        assert np.array_equal(nlac.read(stream.getvalue(), always_2d=True)[0], noise[:length])


def all_commands(command: click.Command, context: click.Context, path: str = "nlac"):
    yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from all_commands(inner, context, f"{path} {name}")


def test_every_command_has_examples():
    for path, command in all_commands(cli, click.Context(cli, info_name="nlac")):
        assert re.search(r"\x08\n\s*Examples:\n", command.help or ""), path


def test_encoding_ends_with_one_line(call, wav):
    line = call("encode", wav).stdout
    facts = r"[\d.]+ %, [\d.]+ bits/sample, [\d.]+x real time, MD5 [0-9a-f]{32}, verified"
    assert re.fullmatch(rf"\S+ -> \S+: {facts}\n", line)


def test_errors_name_the_flag_that_helps(call, wav):
    call("encode", "-q", wav)
    assert "-f replaces it" in call("encode", wav).stderr
    Path("a.au").write_bytes(struct.pack(">4s5I", b".snd", 24, 800, 3, 8000, 1) + bytes(800))
    assert "--audio-only" in call("encode", "a.au", "a.nlac").stderr


def test_no_colour_where_nobody_looks(environment, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "nlac", "info", "missing.nlac"], cwd=tmp_path, env=environment,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert b"\x1b" not in done.stderr

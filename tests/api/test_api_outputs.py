"""Outputs that appear whole, or not at all."""

from __future__ import annotations

import os
import stat

import numpy as np
import pytest
from stream_tools import RATE

import nlac


def test_a_restoration_that_fails_leaves_nothing(wav, monkeypatch, tmp_path):
    from nlac.audio.source import RestorableSource

    monkeypatch.setattr(RestorableSource, "digest", property(lambda self: bytes(16)))
    with pytest.raises(nlac.NotRestorable):
        nlac.encode(wav, tmp_path / "a.nlac")
    assert [p.name for p in tmp_path.iterdir()] == ["in.wav"]


def test_existing_outputs_are_refused(coded, wav, tmp_path):
    target = tmp_path / "there"
    target.write_bytes(b"old")
    for call in (
        lambda **force: nlac.encode(wav, target, **force),
        lambda **force: nlac.decode(coded, target, **force),
        lambda **force: nlac.write(target, np.zeros(3, np.int16), RATE, **force),
    ):
        with pytest.raises(nlac.OutputExists, match="force"):
            call()
        assert target.read_bytes() == b"old"
        call(force=True)
        assert target.read_bytes() != b"old"
        target.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        nlac.open(target, "w", sample_rate=RATE, channels=1, bits_per_sample=16)


def test_failures_keep_the_old_file(coded, tmp_path):
    target = tmp_path / "there.wav"
    target.write_bytes(b"old")
    bad = bytearray(coded.read_bytes())
    bad[-300] ^= 1
    before = sorted(tmp_path.iterdir())
    with pytest.raises(nlac.FormatError):
        nlac.decode(bytes(bad), target, force=True)
    assert target.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == before


def test_input_and_output_must_differ(wav, coded, tmp_path):
    before = wav.read_bytes()
    os.link(wav, tmp_path / "link.wav")
    for target in (wav, tmp_path / "link.wav"):
        with pytest.raises(nlac.UsageError, match="same file"):
            nlac.encode(wav, target, force=True)
    with pytest.raises(nlac.UsageError, match="same file"):
        nlac.decode(coded, coded, force=True)
    assert wav.read_bytes() == before


def test_outputs_have_usual_permissions_and_follow_links(wav, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (tmp_path / "link.nlac").symlink_to(folder / "real.nlac")
    nlac.encode(wav, tmp_path / "link.nlac")
    assert (tmp_path / "link.nlac").is_symlink()
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((folder / "real.nlac").stat().st_mode) == 0o666 & ~mask
    nlac.encode(wav, os.devnull)


def test_names_of_the_greatest_length(tmp_path):
    # 83 characters, but 249 bytes of the 255 that a name may have
    path = tmp_path / ("音" * 83 + ".nlac")
    nlac.write(path, np.zeros(9, np.int16), RATE)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]

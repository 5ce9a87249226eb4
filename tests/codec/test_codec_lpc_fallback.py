"""A block of the cascade is an `lpc` block where that is smaller."""

from __future__ import annotations

import numpy as np
import pytest
from codec_tools import code, header_of, size
from strategies import make

from nlac._errors import CorruptStream
from nlac.codec.decoder.payload import decode_block
from nlac.codec.encoder import cascade
from nlac.codec.encoder.lpc import fallback
from nlac.codec.encoder.options import EncodeOptions

SECOND = 44100


def quiet(frames: int) -> np.ndarray:
    """Short decaying sounds, far apart."""
    at = np.arange(frames) % 30000
    return np.rint(9000 * np.exp(-at / 60) * np.sin(at * 0.3)).astype(np.int32)[:, None]


CASES = {
    "short": lambda: (make("music", 2000, 1, 16), 16),
    "more than 16 bits": lambda: (make("music", SECOND, 2, 24), 24),
    "a list of values": lambda: (make("bursts", SECOND, 2, 16), 16),
    "few bits": lambda: (quiet(2 * SECOND), 16),
    "repetition": lambda: (np.tile(make("music", 12000, 2, 16), (4, 1)), 16),
}


@pytest.mark.parametrize("name", CASES)
def test_smaller_of_both(name, monkeypatch):
    samples, bits = CASES[name]()
    found = size(samples, bits, "high")
    lpc = size(samples, bits, "standard")
    monkeypatch.setattr(fallback, "worth_trying", lambda *_arguments: False)
    alone = size(samples, bits, "high")
    assert found <= alone
    assert found <= lpc


def test_ordinary_blocks_do_not_pay_for_a_trial(monkeypatch):
    def trial(*_arguments):
        raise AssertionError("an lpc block was tried")

    monkeypatch.setattr(cascade, "encode_analysed", trial)
    code(make("music", SECOND, 2, 16), 16, "high")


def test_rice_codes_must_be_allowed():
    """The coder of a stream binds the `lpc` blocks in it too."""
    samples = make("music", 2000, 1, 16)
    payload = code(samples, 16, "standard", coder="rice")
    free = header_of(samples, 16, EncodeOptions(preset="high"))
    np.testing.assert_array_equal(decode_block(payload, len(samples), free), samples)
    strict = header_of(samples, 16, EncodeOptions(preset="high", coder="range"))
    with pytest.raises(CorruptStream, match="coder"):
        decode_block(payload, len(samples), strict)

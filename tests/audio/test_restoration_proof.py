"""The proof that a file comes back: by comparing bytes where they are at hand, else by MD5."""

from __future__ import annotations

import hashlib
import io

import pytest
from wavmaker import BOTH, DATA, Pipe, fmt, wav

from nlac._errors import NotRestorable
from nlac.audio.original.restoration import RestorationProof
from nlac.audio.source import AudioSource, open_source

FILE = wav(fmt(), DATA) + b"odd"


def _proof(source: AudioSource, change: int = 0, head: bytes = b"") -> RestorationProof:
    """Re-assemble a file in blocks of 7 frames; `change` is added to its 10th sample."""
    proof = RestorationProof(head + source.head, source.packing)
    first = 0
    while len(samples := source.read(7)):
        last = source.last_bytes()
        assert last is not None
        assert source.last_bytes() is None
        samples = samples.copy()
        if first <= 9 < first + samples.size:
            samples.ravel()[9 - first] += change
        first += samples.size
        proof.samples(samples, last)
    proof.end_samples()
    for piece in source.tail():
        proof.tail(piece)
    return proof


@BOTH
def test_the_whole_file_is_proved(pipe: bool) -> None:
    with open_source(Pipe(FILE) if pipe else io.BytesIO(FILE)) as source:
        proof = _proof(source)
        assert proof.check(source.digest) == hashlib.md5(FILE).digest()
        assert proof.num_bytes == len(FILE)


@pytest.mark.parametrize(("change", "head"), [(1, b""), (0, b"x")])
def test_one_other_byte_is_found(change: int, head: bytes) -> None:
    with open_source(io.BytesIO(FILE)) as source:
        proof = _proof(source, change, head)
        with pytest.raises(NotRestorable, match="differs"):
            proof.check(source.digest)


def test_equal_samples_are_not_hashed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_source(io.BytesIO(FILE)) as source:
        hashed = []
        tail = RestorationProof.tail
        monkeypatch.setattr(
            RestorationProof, "tail", lambda self, data: (hashed.append(data), tail(self, data))
        )
        _proof(source)
        assert b"".join(hashed) == FILE[len(source.head) + len(DATA) :]


def test_samples_without_their_bytes_are_hashed() -> None:
    with open_source(io.BytesIO(FILE)) as source:
        proof = RestorationProof(source.head, source.packing)
        proof.samples(source.read(1000), None)
        for piece in source.tail():
            proof.tail(piece)
        assert proof.check(source.digest) == hashlib.md5(FILE).digest()

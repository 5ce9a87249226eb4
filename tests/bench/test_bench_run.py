from __future__ import annotations

import sys
from pathlib import Path

import pytest
from bench_tools import COPY, SPOIL, python_peer, write_tone

from nlac._errors import UsageError
from nlac.bench.process import run_measured
from nlac.bench.run import run_bench

PYTHON = (sys.executable, "-S", "-c")


def test_a_command_is_measured() -> None:
    work = "x = bytearray(80 << 20); x[::4096] = x[::4096]; sum(range(1000000))"
    usage = run_measured((*PYTHON, work))
    assert (usage.exit_code, usage.error) == (0, "")
    assert usage.cpu_s > 0
    assert usage.wall_s > 0
    assert 80 << 20 < usage.maxrss < 200 << 20


def test_memory_of_the_calling_process_is_not_counted() -> None:
    ballast = bytearray(b"x" * (120 << 20))
    assert run_measured((*PYTHON, "")).maxrss < len(ballast) // 2


def test_a_failing_command_tells_its_last_message() -> None:
    usage = run_measured((*PYTHON, "import sys; sys.exit('first\\nbad input\\n')"))
    assert (usage.exit_code, usage.error) == (1, "bad input")
    assert run_measured(("no-such-program-here",)).error


def test_a_command_is_stopped_at_the_time_limit() -> None:
    usage = run_measured((*PYTHON, "import time; time.sleep(60)"), timeout_s=0.5)
    assert usage.error == "stopped after 0.5 s"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    write_tone(tmp_path / "c" / "one" / "a.wav")
    write_tone(tmp_path / "c" / "two" / "b.wav", channels=2, bits=24)
    return tmp_path / "c"


def test_a_row_for_each_file_and_codec(corpus: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    peers = [python_peer("copy"), python_peer("16 only", bits=(16,))]
    results = run_bench(
        corpus, presets=(), peers=peers, progress=lambda *step: seen.append(step), repeat=2
    )
    assert seen == [(1, 2, "one/a.wav"), (2, 2, "two/b.wav")]
    assert [(row.file, row.codec, row.ok) for row in results.rows] == [
        ("one/a.wav", "copy", True),
        ("one/a.wav", "16 only", True),
        ("two/b.wav", "copy", True),
        ("two/b.wav", "16 only", False),
    ]
    first, last = results.rows[0], results.rows[-1]
    assert (first.category, first.pcm_bytes, first.bytes) == ("one", 4000, 4044)
    assert first.audio_s == 0.25
    assert first.enc_s is not None
    assert first.dec_s is not None
    assert first.enc_rss is not None
    assert (last.bytes, last.note) == (None, "takes no 24-bit samples")
    assert all(codec.enc_start_s > 0 for codec in results.codecs)
    assert results.failures() == []
    assert results.host.cpu
    assert results.corpus == "c"


def test_wrong_and_failing_codecs_are_told(corpus: Path) -> None:
    peers = [
        python_peer("spoils", decode=SPOIL),
        python_peer("fails", encode="import sys; sys.exit('refused')"),
        python_peer("silent", encode=""),
        python_peer("broken", decode="import sys; sys.exit('cannot decode')"),
        python_peer("garbage", decode="import sys; open(sys.argv[2], 'w').write('no audio')"),
    ]
    results = run_bench(corpus, categories=["one"], presets=(), peers=peers)
    notes = {row.codec: (row.bytes is None, row.ok, row.note) for row in results.rows}
    assert notes["spoils"] == (False, False, "the decoded samples differ")
    assert notes["fails"] == (True, False, "encoding: refused")
    assert notes["silent"] == (True, False, "encoding: wrote no file")
    assert notes["broken"] == (False, False, "decoding: cannot decode")
    assert notes["garbage"][2].startswith("decoding: ")
    assert {row.codec for row in results.failures()} == {"spoils", "broken", "garbage"}


def test_a_file_that_cannot_be_read_is_left_out_with_a_note(corpus: Path) -> None:
    (corpus / "one" / "bad.wav").write_bytes(b"RIFF")
    results = run_bench(corpus, presets=(), peers=[python_peer("copy")])
    assert results.files == ["one/a.wav", "two/b.wav"]
    assert any(note.startswith("one/bad.wav left out") for note in results.notes)


def test_limit_takes_the_first_files(corpus: Path) -> None:
    results = run_bench(corpus, limit=1, presets=(), peers=[python_peer("copy")])
    assert results.files == ["one/a.wav"]


def test_nothing_to_run_is_an_error(corpus: Path) -> None:
    with pytest.raises(UsageError, match="nothing to run"):
        run_bench(corpus, presets=(), peers=())
    with pytest.raises(UsageError, match="same label"):
        run_bench(corpus, presets=(), peers=[python_peer("a"), python_peer("a", COPY)])

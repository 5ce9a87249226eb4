from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nlac._errors import MissingDependency, UsageError
from nlac.bench.plot import save_plot
from nlac.bench.report import format_table, render_markdown, render_text
from nlac.bench.results import CodecInfo, Host, Results, Row, summarise


def make_row(file: str, category: str, codec: str, size: int, **fields: object) -> Row:
    row = Row(file, category, codec, 1000, 10.0, size, 0.11, 0.06, 0.2, 0.1, 9 << 20, 8 << 20, True)
    return replace(row, **fields)  # type: ignore[arg-type]


@pytest.fixture
def results() -> Results:
    refused = {"bytes": None, "enc_s": None, "dec_s": None, "enc_rss": None, "dec_rss": None}
    return Results(
        date="2026-01-02 03:04 UTC",
        corpus="recordings",
        split="test",
        commit="abc",
        repeat=1,
        host=Host("a processor", 2, "Linux x86_64", "3.11.0"),
        codecs=(
            CodecInfo("nlac fast", "nlac", "nlac 1", "nlac.encode(preset='fast')"),
            CodecInfo("flac -8 -e -p", "peer", "flac 1.4.2", "flac -8", 0.01, 0.01),
            CodecInfo("other", "peer", "", "other"),
        ),
        rows=(
            make_row("m/a.wav", "music", "nlac fast", 450),
            make_row("m/a.wav", "music", "flac -8 -e -p", 500),
            make_row("m/a.wav", "music", "other", 600),
            make_row("s/b.wav", "speech", "nlac fast", 300),
            make_row("s/b.wav", "speech", "flac -8 -e -p", 300),
            make_row("s/b.wav", "speech", "other", 1, ok=False, note="takes none", **refused),
        ),
        notes=("gone left out: gone is not on PATH",),
    )


def test_json_round_trip(results: Results) -> None:
    text = results.to_json()
    assert Results.from_json(text) == results
    assert text.count('"file"') == len(results.rows)
    for bad in ("", "[]", "{}", text.replace("nlac-bench/1", "nlac-bench/0")):
        with pytest.raises(UsageError):
            Results.from_json(bad)


def test_sums_compare_over_common_files(results: Results) -> None:
    fast, flac, other = summarise(results, "flac -8 -e -p")
    assert (fast.bytes, fast.pcm_bytes, fast.files, fast.wanted) == (750, 2000, 2, 2)
    assert fast.versus == pytest.approx(-0.0625)
    assert flac.versus == 0
    assert (other.files, other.compared) == (1, 1)
    assert other.versus == pytest.approx(0.2)
    # 20 s of audio in two rows; the start of the peer's process is taken off
    assert fast.enc_speed == pytest.approx(20 / 0.22)
    assert flac.enc_speed == pytest.approx(20 / 0.20)
    assert flac.dec_speed == pytest.approx(20 / 0.10)
    (music, *_) = summarise(results, "flac -8 -e -p", ["music"])
    assert music.versus == pytest.approx(-0.1)


def test_reference(results: Results) -> None:
    assert results.reference() == "flac -8 -e -p"
    assert results.reference("other") == "other"
    with pytest.raises(UsageError, match="was not run"):
        results.reference("none")
    only = replace(results, codecs=results.codecs[:1])
    assert only.reference() == "nlac fast"


def test_table_layout() -> None:
    rows = [("a", "1"), ("long", "22")]
    assert format_table(("x", "yy"), rows, False) == "x     yy\n--------\na      1\nlong  22"
    assert format_table(("x", "yy"), rows, True) == (
        "| x    | yy |\n| ---- | -: |\n| a    |  1 |\n| long | 22 |"
    )


def test_text_report(results: Results) -> None:
    text = render_text(results, by_file=True)
    for title in ("All categories", "music", "speech", "By file"):
        assert f"\n{title}" in "\n" + text
    assert "-6.25 %" in text
    assert "+20.00 % *" in text
    assert "1 of 2" in text
    assert "450 (45.0)" in text
    assert "3 of 3" not in text
    assert "5 of 5 are exact" in text
    assert "gone left out" in text
    assert "other takes none: s/b.wav" in text
    assert max(map(ord, text)) < 128


def test_failures_are_shouted(results: Results) -> None:
    bad = replace(results.rows[2], ok=False, note="the decoded samples differ")
    results = replace(results, rows=(*results.rows[:2], bad, *results.rows[3:]))
    text = render_text(results, by_file=True)
    assert "WRONG: other on m/a.wav: the decoded samples differ" in text
    assert " wrong" in text
    assert "4 of 5 are exact" in text


def test_total_of_chosen_categories(results: Results) -> None:
    text = render_text(results, total=["music"])
    # one category has a table of its own anyway; two of three would be a group
    assert "Total of" not in text
    third = replace(make_row("n/c.wav", "noise", "nlac fast", 999))
    wider = replace(results, rows=(*results.rows, third))
    assert "Total of music + speech" in render_text(wider, total=["music", "speech"])
    with pytest.raises(UsageError, match="no category 'x'"):
        render_text(results, total=["x"])


def test_markdown_report(results: Results) -> None:
    text = render_markdown(results, plot="p.png")
    assert text.startswith("# Benchmark\n\nCorpus `recordings`, split `test`: 2 files, 20.0 s")
    assert "![Size against speed](p.png)" in text
    assert "abc" in text
    assert "- flac -8 -e -p (flac 1.4.2): `flac -8`" in text
    assert "![" not in render_markdown(results)


def test_plot_is_a_picture(results: Results, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'plot' is not installed")
    picture = tmp_path / "p.png"
    save_plot(results, picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    save_plot(results, tmp_path / "p.svg", total=["music"])
    drawn = (tmp_path / "p.svg").read_text("utf-8")
    assert "music: 1 files" in drawn
    assert "nlac fast" in drawn
    assert "other" in drawn
    save_plot(results, tmp_path / "all.svg")
    # it took one of two files only
    assert "other" not in (tmp_path / "all.svg").read_text("utf-8")


def test_without_matplotlib_the_extra_is_named(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependency, match=r"nlac\[plot\]"):
        save_plot(results, tmp_path / "p.png")
    assert not (tmp_path / "p.png").exists()

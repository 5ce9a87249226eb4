"""Render results as text for a terminal, and as Markdown for a committed report."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from nlac._errors import UsageError
from nlac.bench.results import Results, Row, Summary, summarise


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]], markdown: bool) -> str:
    """Lay out a table, the first column left-aligned and the others right-aligned.

    Parameters
    ----------
    header : sequence of str
    rows : sequence of sequences of str
        Cells, as many as in the header.
    markdown : bool
        Make a Markdown table; else plain text with a line under the header.
    """
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        return f"| {' | '.join(cells)} |" if markdown else "  ".join(cells).rstrip()

    if markdown:
        dashes = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
        rule = f"| {' | '.join(dashes)} |"
    else:
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join([line(header), rule, *map(line, rows)])


def render_text(
    results: Results,
    *,
    reference: str | None = None,
    total: Collection[str] = (),
    by_file: bool = False,
) -> str:
    """Render results for a terminal.

    Parameters
    ----------
    results : Results
    reference : str, optional
        Label of the codec to compare sizes with; see `Results.reference`.
    total : collection of str
        Categories of the first table; all if empty.
    by_file : bool
        Whether to append the table of all files.

    Raises
    ------
    UsageError
        The reference or a category is not in the results.
    """
    reference = results.reference(reference)
    parts = []
    for title, categories in _groups(results, total):
        parts.append(f"{title}\n{_summary_table(results, reference, categories, markdown=False)}")
    if by_file:
        parts.append(f"By file: bytes (% of PCM)\n{_file_table(results, markdown=False)}")
    parts.append("\n".join(_remarks(results, reference)))
    return "\n\n".join(parts) + "\n"


def render_markdown(
    results: Results,
    *,
    reference: str | None = None,
    total: Collection[str] = (),
    plot: str | None = None,
) -> str:
    """Render results as a Markdown report.

    Parameters
    ----------
    results : Results
    reference, total
        As for `render_text`.
    plot : str, optional
        Path, relative to the report, of a picture to show.
    """
    reference = results.reference(reference)
    split = f", split `{results.split}`" if results.split else ""
    seconds = sum({row.file: row.audio_s for row in results.rows}.values())
    parts = [
        "# Benchmark",
        f"Corpus `{results.corpus}`{split}: {len(results.files)} files, {seconds:,.1f} s of audio. "
        f"{results.date}, commit {results.commit or 'unknown'}, {results.host.cpu} "
        f"({results.host.cores} cores), {results.host.system}, Python {results.host.python}.",
        "\n".join(f"- {remark}" for remark in _remarks(results, reference)),
    ]
    if plot:
        parts.append(f"![Size against speed]({plot})")
    parts.append("## By category")
    for title, categories in _groups(results, total):
        table = _summary_table(results, reference, categories, markdown=True)
        parts.append(f"### {title}\n\n{table}")
    parts.append("## By file")
    parts.append("Bytes, and per cent of the PCM.\n\n" + _file_table(results, markdown=True))
    calls = [
        f"- {codec.label} ({codec.version or 'version unknown'}): `{codec.call}`"
        for codec in results.codecs
    ]
    parts.append("## Codecs\n\n" + "\n".join(calls))
    return "\n\n".join(parts) + "\n"


def _groups(results: Results, total: Collection[str]) -> Iterator[tuple[str, Collection[str]]]:
    """Yield title and categories of each summary table: first the total, then each category."""
    categories = results.categories
    for name in total:
        if name not in categories:
            raise UsageError(f"no category {name!r}; known: {', '.join(categories)}")
    if 1 < len(total) < len(categories):
        yield "Total of " + " + ".join(total), total
    if len(categories) > 1:
        yield "All categories", categories
    for name in categories:
        yield name, (name,)


def _summary_table(
    results: Results, reference: str, categories: Collection[str], markdown: bool
) -> str:
    sums = summarise(results, reference, categories)
    header = (
        *("codec", "files", "bytes", "% of PCM", f"vs {reference}"),
        *("encode x", "decode x", "enc MiB", "dec MiB"),
    )
    return format_table(header, [_summary_cells(one) for one in sums], markdown)


def _summary_cells(one: Summary) -> tuple[str, ...]:
    some = " *" if one.compared < one.wanted else ""
    return (
        one.codec,
        f"{one.files} of {one.wanted}" if one.files < one.wanted else f"{one.files}",
        f"{one.bytes:,}",
        "-" if one.share is None else f"{100 * one.share:.2f}",
        "-" if one.versus is None else f"{100 * one.versus:+.2f} %" + some,
        _speed(one.enc_speed),
        _speed(one.dec_speed),
        _mebibytes(one.enc_rss),
        _mebibytes(one.dec_rss),
    )


def _speed(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _mebibytes(value: int | None) -> str:
    return "-" if value is None else f"{value / (1 << 20):.0f}"


def _file_table(results: Results, markdown: bool) -> str:
    cells: dict[str, dict[str, Row]] = {}
    for row in results.rows:
        cells.setdefault(row.file, {})[row.codec] = row
    table = []
    for file, by_codec in cells.items():
        first = next(iter(by_codec.values()))
        sizes = [_size(by_codec.get(label)) for label in results.labels]
        table.append((file, first.category, f"{first.pcm_bytes:,}", *sizes))
    return format_table(("file", "category", "PCM bytes", *results.labels), table, markdown)


def _size(row: Row | None) -> str:
    if row is None or row.bytes is None:
        return "-"
    if not row.ok:
        return "wrong"
    return f"{row.bytes:,} ({100 * row.bytes / max(row.pcm_bytes, 1):.1f})"


def _remarks(results: Results, reference: str) -> list[str]:
    """Remarks on how it was measured, and all failures."""
    failures = results.failures()
    coded = sum(row.bytes is not None for row in results.rows)
    kinds = {codec.kind for codec in results.codecs}
    remarks = [
        f"Sizes are those of the whole files; differences are to {reference}.",
        f"Every file was decoded and compared: {coded - len(failures)} of {coded} are exact.",
        "Speeds are seconds of audio a second of CPU time (user and system) of one thread"
        + (f", the best of {results.repeat} runs." if results.repeat > 1 else "."),
    ]
    if "peer" in kinds:
        remarks.append(
            "Peers are measured as processes; the time of their start, measured on a file of "
            "32 frames, is subtracted. Memory peaks are at least about 9 MiB: the launcher's."
        )
    if "nlac" in kinds:
        remarks.append(
            "nlac is measured within a running Python process, whose memory is included; "
            "the start of Python and the compilation of kernels are not timed, and like the "
            "peers it does not verify what it encodes."
        )
    if any(one.compared < one.wanted for one in summarise(results, reference)):
        remarks.append(
            "* Compared over the files that both codecs coded; - marks a file of a format that "
            "the codec does not take."
        )
    remarks += results.notes
    remarks += [f"WRONG: {row.codec} on {row.file}: {row.note}" for row in failures]
    refused = [row for row in results.rows if row.bytes is None]
    for codec, note in dict.fromkeys((row.codec, row.note) for row in refused):
        files = [row.file for row in refused if (row.codec, row.note) == (codec, note)]
        many = f" and {len(files) - 3} more" if len(files) > 3 else ""
        remarks.append(f"{codec} {note}: {', '.join(files[:3])}{many}")
    return remarks

"""Plot of a benchmark: size against speed of encoding and decoding."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from nlac._errors import UsageError
from nlac.bench.results import Results, Summary, summarise
from nlac.views.output.figures import new_figure

# positions of a label relative to its point, the best first
_LABEL_PLACES = (
    ((6, 3), "left"),
    ((6, -10), "left"),
    ((-6, 3), "right"),
    ((-6, -10), "right"),
    ((6, 14), "left"),
    ((6, -21), "left"),
)


def save_plot(
    results: Results,
    path: str | Path,
    *,
    reference: str | None = None,
    total: Collection[str] = (),
) -> None:
    """Plot size against encoding and decoding speed, one point for each codec.

    The files are those that the reference coded. Codecs that did not code all of them are left
    out, since their totals do not compare.

    Parameters
    ----------
    results : Results
    path : str or Path
        Picture to write; its extension (``.png``, ``.svg``) determines the format.
    reference : str, optional
        Label whose size is 0 %; see `Results.reference`.
    total : collection of str
        Categories to add up; all if empty.

    Raises
    ------
    MissingDependency
        matplotlib is not installed.
    UsageError
        The reference coded no file.
    """
    reference = results.reference(reference)
    kinds = {codec.label: codec.kind for codec in results.codecs}
    sums = summarise(results, reference, total or None)
    wanted = next(one.files for one in sums if one.codec == reference)
    if not wanted:
        raise UsageError(f"nothing to plot: {reference} coded no file")
    points = [one for one in sums if one.compared == wanted]
    figure = new_figure(11, 5)

    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
    panels = figure.subplots(1, 2, sharey=True)
    for axes, what in zip(panels, ("encoding", "decoding"), strict=True):
        for one in points:
            speed = one.enc_speed if what == "encoding" else one.dec_speed
            if speed is None:
                continue
            colour = "C3" if kinds[one.codec] == "nlac" else "C0"
            axes.plot(speed, _percent(one), marker="o", color=colour)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.margins(x=0.2, y=0.1)
        axes.set_xlabel(f"{what}: seconds of audio a CPU second")
        axes.grid(which="both", alpha=0.25)
    panels[0].set_ylabel(f"size, % from {reference}")
    figure.draw_without_rendering()
    for axes, what in zip(panels, ("encoding", "decoding"), strict=True):
        _place_labels(axes, what, points)
    what = " + ".join(total) if total else results.corpus
    figure.suptitle(f"{what}: {wanted} files, lower is smaller")
    figure.savefig(path, dpi=110, metadata={"Date": None} if str(path).endswith("svg") else None)


def _place_labels(axes: Any, what: str, points: Sequence[Summary]) -> None:
    """Put the label of each codec beside its point, where it covers no point or other label."""
    from matplotlib.transforms import Bbox

    places = [
        (one.codec, speed, _percent(one))
        for one in points
        if (speed := one.enc_speed if what == "encoding" else one.dec_speed) is not None
    ]
    taken = []
    for _, x, y in places:
        at = axes.transData.transform((x, y))
        taken.append(Bbox([at - 4, at + 4]))
    for codec, x, y in places:
        label = axes.annotate(codec, (x, y), (0, 0), textcoords="offset points", fontsize=8)
        for shift, side in _LABEL_PLACES:
            label.set_position(shift)
            label.set_horizontalalignment(side)
            box = label.get_window_extent()
            if not any(box.overlaps(other) for other in taken):
                break
        taken.append(box)


def _percent(one: Summary) -> float:
    return 100 * (one.versus or 0.0)

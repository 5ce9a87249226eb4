"""Evaluate methods on the same recordings, one recording after the other."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nlac._errors import NlacError, UsageError
from nlac._typing import AnyArray
from nlac.bench.host import describe_host, source_commit
from nlac.bench.results import REFERENCE, Results, Row
from nlac.codec.encoder.presets import PRESETS
from nlac.training.evaluation import baselines, codecs, figures
from nlac.training.evaluation.method import Method
from nlac.training.evaluation.recordings import Item, Unread, Wanted, find, is_dataset
from nlac.training.runs.folder import RunFolder

_WARM = 2048  # frames that kernels are compiled with, before anything is timed
DEFAULT = ("lpc8", "lpc16", "lpc32", "joint", "fast", "standard")
BESIDE = ("lpc32", "standard")  # a run
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Example:
    """The first recording that a method predicted.

    Attributes
    ----------
    item : Item
        The recording.
    predicted : (frames, channels) array
        What the method predicted, in units of a sample.
    """

    item: Item
    predicted: AnyArray


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Results of all methods.

    Attributes
    ----------
    results : Results
        Rows and totals.
    examples : dict of str to Example
        An example of each method's predictions, by its label.
    num_unread : int
        Recordings that could not be read; the notes have the reasons.
    """

    results: Results
    examples: dict[str, Example]
    num_unread: int


@dataclass(frozen=True, slots=True)
class Request:
    """What arguments ask for.

    Attributes
    ----------
    runs : list of Path
        Folders of runs.
    names : list of str
        Names of baselines and codecs.
    paths : list of str
        Files, folders and datasets.
    """

    runs: list[Path]
    names: list[str]
    paths: list[str]


def sort_arguments(arguments: Sequence[str]) -> Request:
    """Tell runs, names of methods, and recordings from each other.

    A name goes before a file or folder of the same name, which is ``./name``.

    Raises
    ------
    UsageError
        Something is none of these, or there are no recordings.
    """
    request = Request([], [], [])
    for text in arguments:
        if text in baselines.NAMES or codecs.is_codec(text):
            request.names.append(text)
        elif RunFolder(text).exists():
            request.runs.append(Path(text))
        elif is_dataset(text) or Path(text).exists():
            request.paths.append(text)
        else:
            raise UsageError(_unknown(text))
    if not request.paths:
        raise UsageError("no recordings: name files, a folder or a dataset")
    return request


def _unknown(text: str) -> str:
    """What to say of an argument that is nothing, with what may have been meant."""
    path = Path(text)
    if len(path.parts) > 1:
        if not path.parent.is_dir():
            return f"{text}: no such file or folder, for there is no folder {path.parent}"
        beside = sorted(each.name for each in path.parent.iterdir())
        near = difflib.get_close_matches(path.name, beside, 1, 0.5)
        hint = f"; did you mean {path.parent / near[0]}?" if near else ""
        return f"{text}: no such file or folder{hint}"
    known = [*baselines.NAMES, *PRESETS, *codecs.MODELS]
    near = difflib.get_close_matches(text, known, 1, 0.6)
    hint = f"did you mean {near[0]}?" if near else f"names are: {', '.join(known)}"
    return f"{text}: no such file, folder, or name; {hint}"


def wanted_by(runs: Sequence[Path], seconds: float, split: str) -> Wanted:
    """How recordings have to be read for some runs.

    Raises
    ------
    UsageError
        The runs differ in sample rate or depth.
    """
    from nlac.training.evaluation.runs import needs

    found: list[int] = []
    for place, unit in enumerate(("Hz", "bits")):
        asked = {needs(run)[place]: run for run in runs if needs(run)[place]}
        if len(asked) > 1:
            told = ", ".join(f"{run} {value} {unit}" for value, run in asked.items())
            raise UsageError(f"runs that cannot be evaluated together: {told}")
        found.append(next(iter(asked), 0))
    return Wanted(found[0], found[1], seconds, split)


def make_methods(request: Request, device: str = "") -> tuple[list[Method], list[str]]:
    """Make the methods that a request names, and FLAC, where it is installed.

    Returns
    -------
    methods : list of Method
        The reference is the last one.
    notes : list of str
        What is left out, and why.
    """
    methods: list[Method] = []
    if request.runs:
        from nlac.training.evaluation.runs import method_of_run

        methods += [method_of_run(run, device) for run in request.runs]
    names = request.names or list(BESIDE if request.runs else DEFAULT)
    for name in dict.fromkeys(names):
        known = name in baselines.NAMES
        methods.append(baselines.Baseline(name) if known else codecs.named_codec(name))
    labels = [method.info.label for method in methods]
    for method, run in zip(methods, request.runs, strict=False):
        # runs of one name in different folders
        if labels.count(method.info.label) > 1:
            method.info = replace(method.info, label=str(run))
    notes = []
    missing = codecs.reference_peer().missing_program()
    if missing:
        notes.append(f"{REFERENCE} left out: {missing} is not on PATH; no sizes relative to it")
    else:
        methods.append(codecs.Flac())
    return methods, notes


def evaluate(
    methods: Sequence[Method],
    recordings: Sequence[Unread],
    *,
    corpus: str = "",
    wanted: Wanted | None = None,
    notes: Sequence[str] = (),
    progress: Progress = lambda done, total: None,
) -> Evaluation:
    """Run every method over every recording.

    Parameters
    ----------
    methods : sequence of Method
        From `make_methods`.
    recordings : sequence of Unread
        From `nlac.training.evaluation.recordings.find`.
    corpus : str
        Name of the recordings.
    wanted : Wanted
        How they are read, for the record.
    notes : sequence of str
        Remarks for the results.
    progress : callable
        Called with the recordings done and all of them.

    Returns
    -------
    Evaluation
        A recording that cannot be read is in the notes; one that a method refuses has a row with
        the reason.

    Raises
    ------
    NlacError
        No recording could be read.
    """
    rows: list[Row] = []
    examples: dict[str, Example] = {}
    notes, num_unread = list(notes), 0
    wanted = wanted or Wanted()
    if wanted.seconds:
        notes.append(f"at most {wanted.seconds:g} s of each recording, from its middle")
    for i, unread in enumerate(recordings):
        progress(i, len(recordings))
        try:
            item = unread.read()
        except NlacError as error:
            notes.append(f"{unread.name} left out: {error}")
            num_unread += 1
            continue
        if not rows:
            for method in methods:
                _warm_up(method, item)
        rows += [_row(method, item, examples) for method in methods]
    progress(len(recordings), len(recordings))
    if not rows:
        raise NlacError("; ".join(notes))
    references = figures.references_of(rows)
    infos = []
    for method in methods:
        own = [row for row in rows if row.codec == method.info.label]
        totals = figures.of_all(own, references)
        if any(row.ok for row in own):
            totals |= method.totals()
        infos.append(replace(method.info, figures=totals))
    results = Results(
        datetime.date.today().isoformat(), corpus, wanted.split, source_commit(), 1,
        describe_host(), tuple(infos), tuple(rows), tuple(notes),
    )  # fmt: skip
    return Evaluation(results, examples, num_unread)


def _warm_up(method: Method, item: Item) -> None:
    """Compile what is compiled at the first use; what fails here fails again when it counts."""
    if method.info.kind not in ("peer", "run"):
        try:
            method.measure(item.part(_WARM))
        except NlacError:
            return


def _row(method: Method, item: Item, examples: dict[str, Example]) -> Row:
    frames, channels = item.samples.shape
    row = Row(
        item.name, item.category, method.info.label,
        frames * channels * ((item.bits + 7) // 8), frames / item.rate,
    )  # fmt: skip
    try:
        measured = method.measure(item)
    except NlacError as error:
        return replace(row, note=str(error))
    if measured.predicted is not None:
        examples.setdefault(method.info.label, Example(item, measured.predicted))
    return replace(
        row, bytes=measured.num_bytes, enc_wall_s=measured.seconds, ok=True,
        figures=figures.of_recording(item, measured),
    )  # fmt: skip


def evaluate_arguments(
    arguments: Sequence[str],
    *,
    split: str = "test",
    seconds: float = 0.0,
    device: str = "",
    progress: Progress = lambda done, total: None,
) -> tuple[Request, Evaluation]:
    """Evaluate what arguments name, as ``nlac eval`` does.

    Parameters
    ----------
    arguments : sequence of str
        Folders of runs, names of methods, and recordings, in any order.
    split : str
        Split of the recordings; ``all`` for every one.
    seconds : float
        At most so much of each, from its middle; 0 for all.
    device : str
        Where networks run; see `nlac.training.loop.devices.choose_device`.
    progress : callable
        See `evaluate`.
    """
    request = sort_arguments(arguments)
    wanted = Wanted(seconds=seconds, split=split)
    if request.runs:
        wanted = wanted_by(request.runs, seconds, split)
    recordings = find(request.paths, wanted)
    methods, notes = make_methods(request, device)
    shown = ", ".join(Path(path).name for path in request.paths)
    evaluation = evaluate(
        methods, recordings, corpus=shown, wanted=wanted, notes=notes, progress=progress
    )
    return request, evaluation

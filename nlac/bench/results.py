"""Results of a benchmark: a row for each file and codec, their sums, and JSON.

The JSON document is the dataclass `Results`, field by field; `SCHEMA` names
its version.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from nlac._errors import UsageError

SCHEMA = "nlac-bench/1"
REFERENCE = "flac -8 -e -p"


@dataclass(frozen=True, slots=True)
class Row:
    """One codec on one file.

    Times are CPU seconds (``enc_s``, ``dec_s``) and wall seconds (``..._wall_s``). Memory is the
    peak resident size in bytes. Values that were not measured are None. ``ok`` means that the
    decoded audio is the same. ``note`` has the reason why it is not, or why there is no file.
    ``figures`` are those of ``nlac eval`` by name (`nlac.training.evaluation.figures`).
    """

    file: str
    category: str
    codec: str
    pcm_bytes: int
    audio_s: float
    bytes: int | None = None
    enc_s: float | None = None
    dec_s: float | None = None
    enc_wall_s: float | None = None
    dec_wall_s: float | None = None
    enc_rss: int | None = None
    dec_rss: int | None = None
    ok: bool = False
    note: str = ""
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CodecInfo:
    """A codec of the run: label, kind, version, command.

    ``enc_start_s`` and ``dec_start_s`` are the CPU seconds for a file of 32 frames: the start of a
    peer's process, which the times of every row include. Speeds do not include it. For nlac they
    are 0, since its rows include no start. ``figures`` are those of ``nlac eval`` over all files.
    """

    label: str
    kind: Literal["nlac", "peer", "baseline", "run"]
    version: str
    call: str
    enc_start_s: float = 0.0
    dec_start_s: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Host:
    """Properties of the machine that matter to speed."""

    cpu: str
    cores: int
    system: str
    python: str


@dataclass(frozen=True, slots=True)
class Results:
    """All results of one run."""

    date: str
    corpus: str
    split: str
    commit: str
    repeat: int
    host: Host
    codecs: tuple[CodecInfo, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    schema: str = field(default=SCHEMA)

    def to_json(self) -> str:
        """Return the JSON document, with one line for each row, so that diffs are readable."""
        data = asdict(self)
        rows = data.pop("rows")
        for part in (*rows, *data["codecs"]):
            # a plain benchmark has none
            if not part["figures"]:
                del part["figures"]
        head = json.dumps(data, indent=1, ensure_ascii=False)
        lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
        return f'{head[:-2]},\n "rows": [\n  {lines}\n ]\n}}\n'

    @classmethod
    def from_json(cls, text: str) -> Results:
        """Read a document of `to_json`.

        Raises
        ------
        UsageError
            The text is not a document of this schema.
        """
        try:
            data: dict[str, Any] = json.loads(text)
            if data["schema"] != SCHEMA:
                raise UsageError(f"results have the schema {data['schema']!r}, not {SCHEMA!r}")
            data["host"] = Host(**data["host"])
            data["codecs"] = tuple(CodecInfo(**codec) for codec in data["codecs"])
            data["rows"] = tuple(Row(**row) for row in data["rows"])
            data["notes"] = tuple(data["notes"])
            return cls(**data)
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise UsageError(f"not benchmark results: {error!r}") from error

    @classmethod
    def load(cls, path: str | Path) -> Results:
        """Read results from a JSON file."""
        return cls.from_json(Path(path).read_text("utf-8"))

    @property
    def labels(self) -> list[str]:
        """Labels of all codecs, in the order of the run."""
        return [codec.label for codec in self.codecs]

    @property
    def categories(self) -> list[str]:
        """All categories, in the order of the run."""
        return list(dict.fromkeys(row.category for row in self.rows))

    @property
    def files(self) -> list[str]:
        """All files, in the order of the run."""
        return list(dict.fromkeys(row.file for row in self.rows))

    def reference(self, label: str | None = None) -> str:
        """Label of the codec that sizes are compared with.

        Parameters
        ----------
        label : str, optional
            Label asked for. If None, ``flac -8 -e -p`` if it was run, else the first peer, else
            the first codec.

        Raises
        ------
        UsageError
            The codec asked for was not run.
        """
        if label is not None and label not in self.labels:
            raise UsageError(f"{label!r} was not run; known: {', '.join(self.labels)}")
        peers = [codec.label for codec in self.codecs if codec.kind == "peer"]
        usual = REFERENCE if REFERENCE in peers else next(iter(peers + self.labels))
        return label or usual

    def failures(self) -> list[Row]:
        """Rows of files that a codec encoded and did not decode exactly."""
        return [row for row in self.rows if row.bytes is not None and not row.ok]


@dataclass(frozen=True, slots=True)
class Summary:
    """One codec over a set of files.

    Parameters
    ----------
    codec : str
        Label of the codec.
    files, wanted : int
        Files that it encoded and decoded exactly, and files of the set.
    bytes, pcm_bytes : int
        Encoded and PCM bytes of the files that it coded.
    audio_s : float
        Length of these files in seconds.
    versus : float or None
        Size relative to the reference, minus 1, over the files that both coded; None if there
        are none.
    compared : int
        Number of files that both coded.
    enc_speed, dec_speed : float or None
        Seconds of audio for a CPU second, without the start of the process.
    enc_rss, dec_rss : int or None
        Largest peak of memory over the files, in bytes.
    """

    codec: str
    files: int
    wanted: int
    bytes: int
    pcm_bytes: int
    audio_s: float
    versus: float | None
    compared: int
    enc_speed: float | None
    dec_speed: float | None
    enc_rss: int | None
    dec_rss: int | None

    @property
    def share(self) -> float | None:
        """Size as a share of the PCM; None without files."""
        return self.bytes / self.pcm_bytes if self.pcm_bytes else None


def summarise(
    results: Results, reference: str, categories: Collection[str] | None = None
) -> list[Summary]:
    """Sum up every codec over the files of some categories.

    Parameters
    ----------
    results : Results
    reference : str
        Label of the codec to compare with.
    categories : collection of str, optional
        Categories; all if None.

    Returns
    -------
    list of Summary
        In the order of the run.
    """
    rows = [row for row in results.rows if categories is None or row.category in categories]
    wanted = len({row.file for row in rows})
    sizes = {
        row.file: row.bytes
        for row in rows
        if row.codec == reference and row.ok and row.bytes is not None
    }
    out = []
    for codec in results.codecs:
        label = codec.label
        good = [row for row in rows if row.codec == label and row.ok]
        common = [row for row in good if row.file in sizes]
        base = sum(sizes[row.file] for row in common)
        size = sum(row.bytes or 0 for row in common)
        audio_s = sum(row.audio_s for row in good)
        out.append(
            Summary(
                codec=label,
                files=len(good),
                wanted=wanted,
                bytes=sum(row.bytes or 0 for row in good),
                pcm_bytes=sum(row.pcm_bytes for row in good),
                audio_s=audio_s,
                versus=size / base - 1 if base else None,
                compared=len(common),
                enc_speed=_speed(audio_s, [row.enc_s for row in good], codec.enc_start_s),
                dec_speed=_speed(audio_s, [row.dec_s for row in good], codec.dec_start_s),
                enc_rss=_highest([row.enc_rss for row in good]),
                dec_rss=_highest([row.dec_rss for row in good]),
            )
        )
    return out


def _speed(audio_s: float, times: Sequence[float | None], start_s: float) -> float | None:
    spent = sum(max((time or 0.0) - start_s, 0.0) for time in times)
    return audio_s / spent if spent else None


def _highest(values: Sequence[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)

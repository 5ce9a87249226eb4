"""Other lossless codecs to compare with: their commands, and the formats they take.

`DEFAULT_PEERS` has the usual ones. A TOML or JSON file (`load_peers`) describes others by command
templates. `nlac.bench.process` runs the commands.

Every peer writes no padding and no seek table, so that sizes compare what was coded. MLP is left
out: the encoder of ffmpeg writes streams that its own decoder cannot read.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from nlac._errors import UsageError

ALL_BITS = (8, 16, 24, 32)


@dataclass(frozen=True, slots=True)
class Peer:
    """One codec: label, commands, and the sample formats that it takes.

    The words of a command may have the placeholders ``{input}`` and ``{output}`` (file names) and
    ``{pcm}`` (ffmpeg's name of the sample format: ``u8``, ``s16le``, ``s24le``, ``s32le``,
    ``f32le``).

    Parameters
    ----------
    label : str
        Name in tables, for example ``flac -8``.
    encode, decode : tuple of str
        Words of the commands. `encode` reads a WAV file, `decode` writes one.
    version : tuple of str
        Command whose first line of output has the version; may be empty.
    suffix : str
        Extension of the encoded file, with the dot.
    bits : tuple of int
        Integer depths (of the WAV container: 8, 16, 24, 32) that it codes losslessly.
    floats : bool
        Whether it codes 32-bit floats losslessly.
    max_channels : int
        Largest number of channels.
    """

    label: str
    encode: tuple[str, ...]
    decode: tuple[str, ...]
    version: tuple[str, ...] = ()
    suffix: str = ".bin"
    bits: tuple[int, ...] = ALL_BITS
    floats: bool = False
    max_channels: int = 255

    def refusal(self, bits: int, is_float: bool, channels: int) -> str:
        """Reason why this peer does not take a format; empty if it does."""
        if channels > self.max_channels:
            return f"takes at most {self.max_channels} channels"
        if is_float:
            return "" if self.floats else "takes no floats"
        return "" if bits in self.bits else f"takes no {bits}-bit samples"

    def missing_program(self) -> str:
        """First program that is not on PATH; empty if all are."""
        for program in (self.encode[0], self.decode[0]):
            if shutil.which(program) is None:
                return program
        return ""

    def read_version(self) -> str:
        """Run the version command; return its first line of output."""
        if not self.version:
            return ""
        try:
            done = subprocess.run(
                self.version,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=20,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        lines = done.stdout.decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in lines if line.strip()), "")


def fill(words: Iterable[str], **values: str) -> list[str]:
    """Replace the ``{name}`` placeholders in the words of a command by `values`.

    Other braces stay as they are.
    """
    out = []
    for word in words:
        for name, value in values.items():
            word = word.replace("{" + name + "}", value)
        out.append(word)
    return out


def _flac(*level: str) -> Peer:
    return Peer(
        label=" ".join(("flac", *level)),
        encode=(
            *("flac", "-s", "-f", *level, "--no-padding", "--no-seektable"),
            *("-o", "{output}", "{input}"),
        ),
        decode=("flac", "-s", "-f", "-d", "-o", "{output}", "{input}"),
        version=("flac", "--version"),
        suffix=".flac",
        max_channels=8,
    )


def _wavpack(*level: str) -> Peer:
    return Peer(
        label=" ".join(("wavpack", *level)),
        encode=("wavpack", "-q", "-y", *level, "{input}", "-o", "{output}"),
        decode=("wvunpack", "-q", "-y", "{input}", "-o", "{output}"),
        version=("wavpack", "--version"),
        suffix=".wv",
        floats=True,
    )


def _ffmpeg(codec: str, suffix: str, bits: tuple[int, ...], max_channels: int) -> Peer:
    quiet = ("ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1")
    plain = ("-map_metadata", "-1", "-fflags", "+bitexact", "-threads", "1", "{output}")
    return Peer(
        label=f"ffmpeg {codec}",
        encode=(*quiet, "-i", "{input}", "-c:a", codec, *plain),
        decode=(*quiet, "-i", "{input}", "-c:a", "pcm_{pcm}", "-f", "wav", *plain),
        version=("ffmpeg", "-version"),
        suffix=suffix,
        bits=bits,
        max_channels=max_channels,
    )


DEFAULT_PEERS: tuple[Peer, ...] = (
    _flac("-5"),
    _flac("-8"),
    _flac("-8", "-e", "-p"),
    _wavpack(),
    _wavpack("-hh"),
    _wavpack("-hx"),
    _wavpack("-hx4"),
    # TTA keeps no channel layout, and ffmpeg then refuses to decode some of them
    _ffmpeg("tta", ".tta", (8, 16, 24), 2),
    _ffmpeg("alac", ".m4a", (16, 24), 8),
)


def find_peers(peers: Iterable[Peer]) -> tuple[list[Peer], list[str]]:
    """Find the peers whose programs are on PATH.

    Returns
    -------
    found : list of Peer
    notes : list of str
        One line for each peer that is left out.
    """
    found, notes = [], []
    for peer in peers:
        program = peer.missing_program()
        if program:
            notes.append(f"{peer.label} left out: {program} is not on PATH")
        else:
            found.append(peer)
    return found, notes


def load_peers(path: str | Path) -> list[Peer]:
    """Read peers from a TOML or JSON file.

    The file holds a list ``peer`` of tables whose keys are the fields of
    `Peer`; commands are strings (split as a shell would) or lists of words.

    Parameters
    ----------
    path : str or Path
        File that ends in ``.toml`` or ``.json``.

    Raises
    ------
    UsageError
        The file cannot be read, or a peer in it is invalid.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path.name}: {error}") from error
    entries = data.get("peer") if isinstance(data, dict) else None
    if not isinstance(entries, list) or not entries:
        raise UsageError(f"{path.name}: expected a list of peers named 'peer'")
    return [_parse_peer(entry, f"{path.name}: peer {i + 1}") for i, entry in enumerate(entries)]


def _parse_peer(entry: object, where: str) -> Peer:
    if not isinstance(entry, Mapping):
        raise UsageError(f"{where}: expected a table")
    unknown = sorted(set(entry) - {field.name for field in fields(Peer)})
    if unknown:
        raise UsageError(f"{where}: unknown key {unknown[0]!r}")
    for name in ("label", "encode", "decode"):
        if not entry.get(name):
            raise UsageError(f"{where}: {name!r} is missing")
    values: dict[str, object] = {}
    for name, value in entry.items():
        values[name] = _PARSERS[name](value, f"{where}: {name}")
    peer = Peer(**values)  # type: ignore[arg-type]
    for name, words in (("encode", peer.encode), ("decode", peer.decode)):
        for place in ("{input}", "{output}"):
            if not any(place in word for word in words):
                raise UsageError(f"{where}: {name} has no {place}")
    return peer


def _words(value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(shlex.split(value))
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return tuple(value)
    raise UsageError(f"{where}: expected a string or a list of strings")


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{where}: expected a string")
    return value


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{where}: expected true or false")
    return value


def _count(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"{where}: expected a positive integer")
    return value


def _depths(value: object, where: str) -> tuple[int, ...]:
    if not isinstance(value, list) or any(item not in ALL_BITS for item in value):
        raise UsageError(f"{where}: expected a list of depths out of 8, 16, 24, 32")
    return tuple(value)


_PARSERS = {
    "label": _text,
    "encode": _words,
    "decode": _words,
    "version": _words,
    "suffix": _text,
    "bits": _depths,
    "floats": _flag,
    "max_channels": _count,
}

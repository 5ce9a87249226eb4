"""Models: a network with its card, as a file, and where they are found.

A model file is a magic, the card (JSON: what was trained on what, under which licence) and
the network, guarded by a CRC. Only the network is hashed: a card may be corrected
without a stream noticing.
"""

from __future__ import annotations

import json
import os
import re
import struct
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from nlac._errors import CorruptStream, ModelMismatch, UsageError
from nlac.predictors.networks import serialization as description
from nlac.predictors.networks.layers import Network

MAGIC = b"nlacmod1"
SUFFIX = ".nlacm"
FOLDER_VARIABLE = "NLAC_MODELS"
MAX_CARD_BYTES = 1 << 16
MAX_MODEL_BYTES = 1 << 23
_MAX_ADDED = 64
# the parser of JSON calls itself for each level
_MAX_CARD_DEPTH = 32
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{}\]]', re.DOTALL)
_LENGTH = struct.Struct("<I")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*", re.ASCII)


@dataclass(frozen=True)
class Model:
    """A network, and what people should know of it.

    Attributes
    ----------
    network : Network
        The network.
    card : dict
        Name, predictor, front, architecture, training data, licence, metrics.
    """

    network: Network
    card: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def hash(self) -> bytes:
        """SHA-256 of the network, which streams carry."""
        return description.model_hash(self.network)

    @property
    def name(self) -> str:
        """Name by the card, or the beginning of the hash."""
        return str(self.card.get("name") or self.hash.hex()[:12])

    def to_bytes(self) -> bytes:
        """Bytes of the model file."""
        card = json.dumps(self.card, indent=1, sort_keys=True, ensure_ascii=False).encode()
        network = description.to_bytes(self.network)
        body = MAGIC + _LENGTH.pack(len(card)) + card + _LENGTH.pack(len(network)) + network
        return body + _LENGTH.pack(zlib.crc32(body))

    @classmethod
    def from_bytes(cls, data: bytes) -> Model:
        """Parse a model file, and prove that no sum of its network can overflow.

        Raises
        ------
        CorruptStream
            The bytes are no model file, a damaged one, or one that is refused.
        """
        try:
            card, network = _split(data)
            return cls(description.from_bytes(network), _parse_card(card))
        except ValueError as error:
            raise CorruptStream(str(error), path="model") from error

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model file.

        Raises
        ------
        CorruptStream
            It is none, or a damaged one; the path is named.
        """
        with open(path, "rb") as file:
            data = file.read(MAX_MODEL_BYTES + 1)
        try:
            return cls.from_bytes(data)
        except CorruptStream as error:
            raise CorruptStream(error.message, path=str(path)) from error


def _split(data: bytes) -> tuple[bytes, bytes]:
    if not data.startswith(MAGIC):
        raise ValueError("no nlac model file")
    if len(data) > MAX_MODEL_BYTES:
        raise ValueError(f"more than {MAX_MODEL_BYTES} bytes")
    body, at, parts = data[:-4], len(MAGIC), []
    for _ in range(2):
        if at + 4 > len(body):
            raise ValueError("the file ends too early")
        (size,) = _LENGTH.unpack_from(body, at)
        parts.append(body[at + 4 : at + 4 + size])
        at += 4 + size
    if at != len(body) or len(parts[0]) > MAX_CARD_BYTES:
        raise ValueError("lengths do not fit")
    if zlib.crc32(body) != _LENGTH.unpack(data[-4:])[0]:
        raise ValueError("damaged: its CRC is wrong")
    return parts[0], parts[1]


def _parse_card(data: bytes) -> dict[str, Any]:
    text = data.decode()
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > _MAX_CARD_DEPTH:
            raise ValueError(f"the card is nested more than {_MAX_CARD_DEPTH} deep")
    card = json.loads(text)
    if not isinstance(card, dict):
        raise ValueError("the card is no JSON object")
    # halves of surrogate pairs could not be written again
    json.dumps(card, ensure_ascii=False).encode()
    return card


# by hash: those that were used, or that a caller or a stream has handed in
_added: dict[bytes, Model] = {}
_lock = threading.Lock()


def add_model(model: Model) -> None:
    """Make a model known in this process, under its hash."""
    with _lock:
        _added[model.hash] = model
        # streams of strangers may hand in any number
        while len(_added) > _MAX_ADDED:
            del _added[next(iter(_added))]


def is_known(model_hash: bytes) -> bool:
    """Tell whether `find_model` would find a model."""
    try:
        find_model(model_hash)
    except ModelMismatch:
        return False
    return True


def accept_model(model_hash: bytes, data: bytes) -> None:
    """Make the model known that is embedded in a stream, if it is the one that the stream names.

    The readers of streams call this, so that nobody who reads by them need think of it. A
    model that is known already is kept: the card of a stranger does not replace its own.

    Parameters
    ----------
    model_hash : bytes
        From the header of the stream; empty if it names no model.
    data : bytes
        What is embedded, a model file; empty for nothing.

    Raises
    ------
    CorruptStream
        The model is not known, and what is embedded is no model.
    """
    if not (model_hash and data) or is_known(model_hash):
        return
    model = Model.from_bytes(data)
    if model.hash == model_hash:
        add_model(model)


def find_model(model_hash: bytes) -> Model:
    """Find the model that a stream names.

    Raises
    ------
    ModelMismatch
        It is not here; the text says where it is looked for.
    """
    with _lock:
        found = _added.get(model_hash)
    if found is not None:
        return found
    problems = []
    for path in _paths():
        try:
            model = Model.read(path)
        except (CorruptStream, OSError) as error:
            problems.append(str(error))
            continue
        if model.hash == model_hash:
            add_model(model)
            return model
    text = (
        f"the model {model_hash.hex()} is not here: put its {SUFFIX} file into a folder that "
        f"the variable {FOLDER_VARIABLE} names, or give it by --model"
    )
    raise ModelMismatch("; ".join([text, *problems]))


def open_model(name: str | os.PathLike[str]) -> Model:
    """Open a model by its path, or by the name of a file that is shipped or in the user's folder.

    Raises
    ------
    UsageError
        There is none.
    CorruptStream
        The file is no good.
    """
    text = os.fspath(name)
    path: Path | None = Path(text)
    if path is None or not path.is_file():
        named = [p for p in _paths() if p.stem == text] if _NAME.fullmatch(text) else []
        if not named:
            known = ", ".join(dict.fromkeys(p.stem for p in _paths())) or "none"
            raise UsageError(f"model {text}: no such file, and no such name (known: {known})")
        path = named[0]
    model = Model.read(path)
    add_model(model)
    return model


def _paths() -> Iterator[Path]:
    """Model files of the user's folder, then those that are shipped."""
    folders = [os.environ.get(FOLDER_VARIABLE), str(files("nlac").joinpath("models"))]
    for folder in folders:
        if folder:
            yield from sorted(Path(folder).glob("*" + SUFFIX))

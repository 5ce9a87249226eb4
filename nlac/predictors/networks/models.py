"""Models: a network with its model card, as a file, and the folders that are searched.

A model file has a magic, the model card (JSON: training data, licence and so on), the serialization
of the network, and a CRC. The model hash covers only the network, so a model card may be corrected
and streams still find their model.
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
from nlac.predictors.networks import serialization
from nlac.predictors.networks.layers import Network

MAGIC = b"nlacmod1"
SUFFIX = ".nlacm"
FOLDER_VARIABLE = "NLAC_MODELS"
MAX_CARD_BYTES = 1 << 16
MAX_MODEL_BYTES = 1 << 23
_MAX_ADDED = 64
# the JSON parser calls itself for each level
_MAX_CARD_DEPTH = 32
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{}\]]', re.DOTALL)
_LENGTH = struct.Struct("<I")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*", re.ASCII)


@dataclass(frozen=True)
class Model:
    """A network and its model card.

    Attributes
    ----------
    network : Network
        The network.
    card : dict
        The model card: name, predictor, base predictor, architecture, training data, licence,
        metrics. Its JSON keys are part of model files; "front" stands for the base predictor.
    """

    network: Network
    card: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def hash(self) -> bytes:
        """SHA-256 of the serialized network, as in stream headers."""
        return serialization.model_hash(self.network)

    @property
    def name(self) -> str:
        """Name in the model card, or the beginning of the hash."""
        return str(self.card.get("name") or self.hash.hex()[:12])

    def to_bytes(self) -> bytes:
        """Return the bytes of a model file."""
        card = json.dumps(self.card, indent=1, sort_keys=True, ensure_ascii=False).encode()
        network = serialization.to_bytes(self.network)
        body = MAGIC + _LENGTH.pack(len(card)) + card + _LENGTH.pack(len(network)) + network
        return body + _LENGTH.pack(zlib.crc32(body))

    @classmethod
    def from_bytes(cls, data: bytes) -> Model:
        """Parse a model file, and prove that no sum in its network can overflow.

        Raises
        ------
        CorruptStream
            The bytes are no model file, or it is damaged or not allowed.
        """
        try:
            card, network = _split(data)
            return cls(serialization.from_bytes(network), _parse_card(card))
        except ValueError as error:
            raise CorruptStream(str(error), path="model") from error

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model file.

        Raises
        ------
        CorruptStream
            It is no model file, or it is damaged; the error names its path.
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
            raise ValueError(f"the model card is nested more than {_MAX_CARD_DEPTH} deep")
    card = json.loads(text)
    if not isinstance(card, dict):
        raise ValueError("the model card is no JSON object")
    # a half of a surrogate pair could not be written again
    json.dumps(card, ensure_ascii=False).encode()
    return card


# by hash: models that were found, or that a caller or a stream added
_added: dict[bytes, Model] = {}
_lock = threading.Lock()


def add_model(model: Model) -> None:
    """Add a model, under its hash, to those that this process knows."""
    with _lock:
        _added[model.hash] = model
        # untrusted streams may add any number
        while len(_added) > _MAX_ADDED:
            del _added[next(iter(_added))]


def is_known(model_hash: bytes) -> bool:
    """Whether `find_model` would find a model."""
    try:
        find_model(model_hash)
    except ModelMismatch:
        return False
    return True


def accept_model(model_hash: bytes, data: bytes) -> None:
    """Add the model that is embedded in a stream, if it is the one that the stream names.

    Readers of streams call this. A model that is known already is kept, so an untrusted model card
    does not replace its own.

    Parameters
    ----------
    model_hash : bytes
        From the header of the stream; empty if it names no model.
    data : bytes
        The embedded model file; empty if there is none.

    Raises
    ------
    CorruptStream
        The model is not known, and the embedded bytes are no model file.
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
        It is not available; the message names the folders to put it in.
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
    """Open a model by its path, or by its name among the shipped and the user's models.

    Raises
    ------
    UsageError
        There is no such model.
    CorruptStream
        The file is no model file, or it is damaged.
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


def model_files() -> list[Path]:
    """Files of the models that `open_model` finds by name; of equal names the first is taken."""
    found: dict[str, Path] = {}
    for path in _paths():
        found.setdefault(path.stem, path)
    return list(found.values())


def _paths() -> Iterator[Path]:
    """Yield the model files of the user's folder, then the shipped ones."""
    folders = [os.environ.get(FOLDER_VARIABLE), str(files("nlac").joinpath("models"))]
    for folder in folders:
        if folder:
            yield from sorted(Path(folder).glob("*" + SUFFIX))

"""Which predictors there are: built-in ones, registered ones, and those of installed packages.

A package offers a predictor by an entry point of the group ``nlac.predictors``, whose
name is the predictor's name and whose value is its class::

    [project.entry-points."nlac.predictors"]
    mine = "my_package:MyPredictor"

Such packages are imported only when a name or an id is asked for that is not known yet,
so a broken one never stands in the way of the built-in predictors.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from nlac._errors import CorruptStream, ModelMismatch, UnknownPredictor, UsageError
from nlac.bitstream.constants import (
    FIRST_PRIVATE_PREDICTOR,
    MAX_PARAMETERS_BYTES,
    MODEL_HASH_BYTES,
)
from nlac.predictors import methods
from nlac.predictors.base import Predictor
from nlac.predictors.methods import GENERIC, METHODS, Method

GROUP = "nlac.predictors"
_NAME = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)
P = TypeVar("P", bound=type[Predictor])


@dataclass(frozen=True, slots=True)
class PredictorEntry:
    """A predictor that is at hand.

    Attributes
    ----------
    predictor_id : int
        Its number in streams.
    name : str
        Its name.
    factory : type of Predictor, or None
        Its class; None where the codec itself has the loop (`lpc`, `cascade`, `cnn`, `gru`).
    method : Method
        How its blocks are coded.
    """

    predictor_id: int
    name: str
    factory: type[Predictor] | None = None
    method: Method = GENERIC

    def from_options(self, options: Mapping[str, object]) -> Predictor:
        """Make the predictor for encoding, and check what it will put into the stream.

        Raises
        ------
        UsageError
            The options are wrong, or the predictor breaks its contract.
        """
        predictor = self._factory().from_options(options)
        parameters = predictor.parameters()
        if len(parameters) > MAX_PARAMETERS_BYTES:
            raise UsageError(
                f"predictor {self.name}: {len(parameters)} bytes of parameters, "
                f"at most {MAX_PARAMETERS_BYTES} are possible"
            )
        if len(predictor.model_hash) not in (0, MODEL_HASH_BYTES):
            raise UsageError(f"predictor {self.name}: a model hash has {MODEL_HASH_BYTES} bytes")
        if self.from_parameters(parameters, predictor.model_hash).parameters() != parameters:
            raise UsageError(f"predictor {self.name}: its parameters do not come back")
        return predictor

    def from_parameters(self, parameters: bytes, model_hash: bytes | None = None) -> Predictor:
        """Make the predictor that a stream header asks for; one for each block.

        Parameters
        ----------
        parameters : bytes
            From the header.
        model_hash : bytes, optional
            From the header, to be compared with the predictor's.

        Raises
        ------
        CorruptStream
            The parameters are not good.
        ModelMismatch
            The stream was made with another model.
        """
        try:
            predictor = self._factory().from_parameters(parameters)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            if isinstance(error, CorruptStream):
                raise
            raise CorruptStream(
                f"predictor {self.name} does not take these parameters: {error}",
                path="header.predictor_parameters",
            ) from error
        if model_hash not in (None, predictor.model_hash):
            raise ModelMismatch(
                f"predictor {self.name}: the stream needs the model "
                f"{model_hash.hex() or '(none)'}, at hand is "
                f"{predictor.model_hash.hex() or '(none)'}"
            )
        return predictor

    @property
    def where(self) -> str:
        """Full name of its class."""
        if self.factory is None:
            return f"nlac.codec, {self.name}"
        return f"{self.factory.__module__}.{self.factory.__qualname__}"

    def _factory(self) -> type[Predictor]:
        if self.factory is None:
            raise UsageError(f"predictor {self.name} is part of the codec, and no class")
        return self.factory


_BUILT_IN = tuple(PredictorEntry(row.predictor_id, row.name, method=row) for row in METHODS)
_entries: dict[str, PredictorEntry] = {entry.name: entry for entry in _BUILT_IN}
# importing a package may register from inside
_lock = threading.RLock()


def register(factory: P) -> P:
    """Make a predictor class known in this process; serves as a decorator.

    Installed packages need an entry point instead, so that every process finds them.

    Parameters
    ----------
    factory : type of Predictor
        The class.

    Returns
    -------
    type of Predictor
        The same class.

    Raises
    ------
    UsageError
        Name or id are not allowed, or taken by another predictor.
    """
    entry = _entry(factory)
    with _lock:
        for other in _entries.values():
            # the same class once more, as when a notebook's cell is run again, is no clash
            if _clash(entry, other) and entry.where != other.where:
                raise _taken(entry, other)
        _entries[entry.name] = entry
    return factory


def get_predictor(name: str) -> PredictorEntry:
    """Find a predictor by its name.

    Raises
    ------
    UnknownPredictor
        There is none of that name; the text names those there are.
    UsageError
        Another predictor claims the same name or id.
    """
    return _find(lambda entry: entry.name == name, repr(name))


def predictor_by_id(predictor_id: int) -> PredictorEntry:
    """Find the predictor that a stream names by number.

    Raises
    ------
    UnknownPredictor
        There is none of that number; the text names those there are.
    UsageError
        Another predictor claims the same name or id.
    """
    label = methods.names().get(predictor_id)
    if predictor_id >= FIRST_PRIVATE_PREDICTOR:
        label = f"0x{predictor_id:04X}"
    return _find(
        lambda entry: entry.predictor_id == predictor_id,
        f"number {predictor_id} ({label})" if label else f"number {predictor_id}",
    )


def predictor_names() -> tuple[str, ...]:
    """Names of all predictors at hand, in alphabetical order; imports no package."""
    return tuple(sorted({*_entries, *(point.name for point in _points())}))


def _find(wanted: Callable[[PredictorEntry], bool], what: str) -> PredictorEntry:
    with _lock:
        for entry in _entries.values():
            if wanted(entry):
                return entry
        found, problems = _installed()
        for entry in found:
            if wanted(entry):
                # two packages with one id: either could be the one that a stream means
                for other in found:
                    if _clash(entry, other) and entry.where != other.where:
                        raise _taken(entry, other)
                assert entry.factory is not None
                register(entry.factory)
                return entry
    text = f"predictor {what} is not known here (known: {', '.join(predictor_names())})"
    raise UnknownPredictor("; ".join([text, *problems]))


def _points() -> list[EntryPoint]:
    # a package that claims a name of nlac's own is not asked
    return [
        point for point in entry_points(group=GROUP) if point.name not in methods.names().values()
    ]


def _installed() -> tuple[list[PredictorEntry], list[str]]:
    """Predictors of all installed packages, and what is wrong with others."""
    found, problems = [], []
    for point in _points():
        try:
            entry = _entry(point.load())
            if entry.name != point.name:
                raise UsageError(f"the class calls itself {entry.name!r}")
        except Exception as error:
            problems.append(f"entry point {point.name} = {point.value} does not work: {error!r}")
        else:
            found.append(entry)
    return found, problems


def _entry(factory: object) -> PredictorEntry:
    """Check that a class may be a predictor."""
    if not (isinstance(factory, type) and issubclass(factory, Predictor)):
        raise UsageError(f"{factory!r} is no Predictor class")
    where = f"{factory.__module__}.{factory.__qualname__}"
    name, number = getattr(factory, "name", None), getattr(factory, "predictor_id", None)
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise UsageError(f"{where}: name {name!r} is not a-z, then a-z, 0-9, - or _")
    if name in methods.names().values():
        raise UsageError(f"{where}: the name {name} belongs to nlac")
    if not (isinstance(number, int) and FIRST_PRIVATE_PREDICTOR <= number < 2**16):
        raise UsageError(
            f"{where}: predictor_id {number!r} is not in 0x{FIRST_PRIVATE_PREDICTOR:X} .. 0xFFFF"
        )
    return PredictorEntry(number, name, factory)


def _clash(first: PredictorEntry, second: PredictorEntry) -> bool:
    return first.name == second.name or first.predictor_id == second.predictor_id


def _taken(first: PredictorEntry, second: PredictorEntry) -> UsageError:
    return UsageError(
        f"name {first.name!r} or predictor_id 0x{first.predictor_id:04X} is claimed by both "
        f"{first.where} and {second.where}"
    )

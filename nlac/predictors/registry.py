"""Find predictors by name or number: built-in, registered, or of an installed package.

The built-in predictors are the rows of `nlac.predictors.methods.METHODS`. A package offers a
predictor by an entry point of the group ``nlac.predictors``, whose name is the predictor's name and
whose value is its class::

    [project.entry-points."nlac.predictors"]
    mine = "my_package:MyPredictor"

Packages are imported only to find a name or number that is not known yet, so a broken package
never affects the built-in predictors.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from nlac._errors import CorruptStream, ModelMismatch, UnknownPredictor, UsageError
from nlac.bitstream.constants import (
    FIRST_PRIVATE_PREDICTOR,
    MAX_PARAMETERS_BYTES,
    MODEL_HASH_BYTES,
)
from nlac.predictors import methods
from nlac.predictors.methods import GENERIC, Method

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from nlac.predictors.base import Predictor

GROUP = "nlac.predictors"
_NAME = r"[a-z][a-z0-9_-]*"
P = TypeVar("P", bound="type[Predictor]")


@dataclass(frozen=True, slots=True)
class PredictorEntry:
    """An available predictor.

    Attributes
    ----------
    predictor_id : int
        Number in streams.
    name : str
        Name.
    factory : type of Predictor, or None
        Class of a predictor of a third party; None for built-in predictors.
    method : Method
        How blocks are coded.
    """

    predictor_id: int
    name: str
    factory: type[Predictor] | None = None
    method: Method = GENERIC

    def from_options(self, options: Mapping[str, object]) -> Predictor:
        """Make the predictor for encoding, and check its parameters and model hash.

        Raises
        ------
        UsageError
            The options are wrong, or the predictor violates its interface.
        """
        predictor = self._factory().from_options(options)
        parameters = predictor.parameters()
        if len(parameters) > MAX_PARAMETERS_BYTES:
            raise UsageError(
                f"predictor {self.name}: {len(parameters)} bytes of parameters; "
                f"the format allows {MAX_PARAMETERS_BYTES}"
            )
        if len(predictor.model_hash) not in (0, MODEL_HASH_BYTES):
            raise UsageError(f"predictor {self.name}: model_hash has not {MODEL_HASH_BYTES} bytes")
        if self.from_parameters(parameters, predictor.model_hash).parameters() != parameters:
            raise UsageError(
                f"predictor {self.name}: from_parameters does not restore its parameters"
            )
        return predictor

    def from_parameters(self, parameters: bytes, model_hash: bytes | None = None) -> Predictor:
        """Make the predictor that a stream header names; one for each block.

        Parameters
        ----------
        parameters : bytes
            From the header.
        model_hash : bytes, optional
            From the header. It must be the predictor's.

        Raises
        ------
        CorruptStream
            The predictor rejects the parameters.
        ModelMismatch
            The stream was made with another model.
        """
        try:
            predictor = self._factory().from_parameters(parameters)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            if isinstance(error, CorruptStream):
                raise
            raise CorruptStream(
                f"predictor {self.name} rejects the parameters: {error}",
                path="header.predictor_parameters",
            ) from error
        if model_hash not in (None, predictor.model_hash):
            raise ModelMismatch(
                f"predictor {self.name}: the stream needs the model "
                f"{model_hash.hex() or '(none)'}, available is "
                f"{predictor.model_hash.hex() or '(none)'}"
            )
        return predictor

    @property
    def where(self) -> str:
        """Full name of its class, for messages."""
        if self.factory is None:
            return f"nlac.codec, {self.name}"
        return f"{self.factory.__module__}.{self.factory.__qualname__}"

    def _factory(self) -> type[Predictor]:
        if self.factory is None:
            raise UsageError(f"predictor {self.name} is built in: it has no Predictor class")
        return self.factory


# predictors of third parties in this process, by name
_registered: dict[str, PredictorEntry] = {}
# reentrant: importing a package may register its predictors
_lock = threading.RLock()


def register(factory: P) -> P:
    """Register a predictor class in this process; also a decorator.

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
        The name or number is not allowed, or belongs to another predictor.
    """
    entry = _entry(factory)
    with _lock:
        for other in _registered.values():
            # the same class again, as when a notebook's cell is run twice, is no clash
            if _clash(entry, other) and entry.where != other.where:
                raise _taken(entry, other)
        _registered[entry.name] = entry
    return factory


def get_predictor(name: str) -> PredictorEntry:
    """Find a predictor by its name.

    Raises
    ------
    UnknownPredictor
        No predictor has that name. The message lists the known ones.
    UsageError
        Another installed predictor claims the same name or number.
    """
    return _find(lambda entry: entry.name == name, repr(name))


def predictor_by_id(predictor_id: int) -> PredictorEntry:
    """Find a predictor by its number in streams.

    Raises
    ------
    UnknownPredictor
        No predictor has that number. The message lists the known ones.
    UsageError
        Another installed predictor claims the same name or number.
    """
    is_private = predictor_id >= FIRST_PRIVATE_PREDICTOR
    return _find(
        lambda entry: entry.predictor_id == predictor_id,
        f"number {predictor_id}" + (f" (0x{predictor_id:04X})" if is_private else ""),
    )


def predictor_names() -> tuple[str, ...]:
    """Names of all available predictors, in alphabetical order. No package is imported."""
    installed = (point.name for point in _points())
    return tuple(sorted({*methods.names().values(), *_registered, *installed}))


def _find(wanted: Callable[[PredictorEntry], bool], what: str) -> PredictorEntry:
    with _lock:
        for entry in (*_built_in(), *_registered.values()):
            if wanted(entry):
                return entry
        found, problems = _installed()
        for entry in found:
            if wanted(entry):
                # of two packages with one number, a stream could mean either
                for other in found:
                    if _clash(entry, other) and entry.where != other.where:
                        raise _taken(entry, other)
                assert entry.factory is not None
                register(entry.factory)
                return entry
    text = f"predictor {what} is not known here (known: {', '.join(predictor_names())})"
    raise UnknownPredictor("; ".join([text, *problems]))


def _built_in() -> list[PredictorEntry]:
    return [PredictorEntry(row.predictor_id, row.name, method=row) for row in methods.METHODS]


def _points() -> list[EntryPoint]:
    from importlib.metadata import entry_points

    # a package that claims a built-in name is not imported
    return [
        point for point in entry_points(group=GROUP) if point.name not in methods.names().values()
    ]


def _installed() -> tuple[list[PredictorEntry], list[str]]:
    """Predictors of all installed packages, and an error text for each that fails."""
    found, problems = [], []
    for point in _points():
        try:
            entry = _entry(point.load())
            if entry.name != point.name:
                raise UsageError(f"the name of the class is {entry.name!r}")
        except Exception as error:
            problems.append(f"entry point {point.name} = {point.value} fails: {error!r}")
        else:
            found.append(entry)
    return found, problems


def _entry(factory: object) -> PredictorEntry:
    """Check name and number of a predictor class."""
    from nlac.predictors.base import Predictor

    if not (isinstance(factory, type) and issubclass(factory, Predictor)):
        raise UsageError(f"{factory!r} is not a subclass of Predictor")
    where = f"{factory.__module__}.{factory.__qualname__}"
    name, number = getattr(factory, "name", None), getattr(factory, "predictor_id", None)
    if not (isinstance(name, str) and re.fullmatch(_NAME, name, re.ASCII)):
        raise UsageError(f"{where}: name {name!r} must be a letter a-z, then a-z, 0-9, - or _")
    if name in methods.names().values():
        raise UsageError(f"{where}: the name {name} is that of a built-in predictor")
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

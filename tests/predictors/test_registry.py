"""Names, ids and packages."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from nlac._errors import CorruptStream, ModelMismatch, UnknownPredictor, UsageError
from nlac.predictors import registry
from nlac.predictors.base import Part, Predictor
from nlac.predictors.methods import METHODS
from nlac.predictors.registry import (
    PredictorEntry,
    get_predictor,
    predictor_by_id,
    predictor_names,
    register,
)


def make(name="mine", number=0x8123, **fields):
    class Mine(Predictor):
        def start(self, channels, bits_per_sample, sample_rate):
            """Nothing to forget."""

        def predict(self, channel):
            return [Part(0, 100)]

        def update(self, channel, sample):
            """Nothing to learn."""

    Mine.predictor_id, Mine.name = number, name
    Mine.__qualname__ = fields.pop("qualname", f"{name}{number}")
    for field, value in fields.items():
        setattr(Mine, field, value)
    return Mine


def offer(monkeypatch, *classes, broken=()):
    """Pretend that installed packages offer these classes."""
    module = sys.modules[__name__]
    points = []
    for number, factory in enumerate(classes):
        monkeypatch.setattr(module, f"offered{number}", factory, raising=False)
        points.append(EntryPoint(factory.name, f"{__name__}:offered{number}", registry.GROUP))
    points += [EntryPoint(name, "no_such_package:Thing", registry.GROUP) for name in broken]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)


def test_lpc_is_known_and_has_no_class():
    entry = get_predictor("lpc")
    assert entry == predictor_by_id(1) == PredictorEntry(1, "lpc", None, METHODS[0])
    assert predictor_names() == ("cascade", "cnn", "gru", "lpc")
    with pytest.raises(UsageError, match="built in"):
        entry.from_options({})


def test_registry_loads_nothing_heavy():
    code = (
        "import sys, nlac.predictors.registry as r; r.get_predictor('lpc'); r.predictor_names();"
        "print([m for m in ('numba', 'scipy', 'numpy', 'constriction') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_register_makes_known():
    mine = make()
    assert register(mine) is mine
    assert get_predictor("mine") == predictor_by_id(0x8123) == PredictorEntry(0x8123, "mine", mine)
    assert predictor_names() == ("cascade", "cnn", "gru", "lpc", "mine")


def test_the_same_class_again_is_no_clash():
    register(make())
    again = register(make())
    assert get_predictor("mine").factory is again


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "mine", "number": 0x8124},
        {"name": "other", "number": 0x8123},
        {"name": "lpc", "number": 0x8124},
        {"name": "cascade", "number": 0x8124},
        {"number": 0},
        {"number": 1},
        {"number": 2},
        {"number": 0x7FFF},
        {"number": 0x10000},
        {"number": "0x8000"},
        {"name": "Mine", "number": 0x9000},
        {"name": "", "number": 0x9000},
        {"name": "a b", "number": 0x9000},
    ],
)
def test_ids_and_names_are_never_redefined(fields):
    mine = register(make())
    with pytest.raises(UsageError):
        register(make(**fields))
    assert predictor_by_id(0x8123).factory is mine
    assert predictor_names() == ("cascade", "cnn", "gru", "lpc", "mine")


def test_only_predictors_register():
    for thing in (int, 5, make()()):
        with pytest.raises(UsageError, match="not a subclass of Predictor"):
            register(thing)


def test_unknown_ones_are_named_with_what_is_known():
    register(make())
    known = r"'nix' is not known here \(known: cascade, cnn, gru, lpc, mine\)"
    with pytest.raises(UnknownPredictor, match=known):
        get_predictor("nix")
    with pytest.raises(UnknownPredictor, match=r"number 39321 \(0x9999\)"):
        predictor_by_id(0x9999)
    with pytest.raises(UnknownPredictor, match="number 0 is"):
        predictor_by_id(0)
    with pytest.raises(UnknownPredictor, match=r"number 77 is .*lpc"):
        predictor_by_id(77)


def test_packages_are_found_by_name_and_id(monkeypatch):
    offer(monkeypatch, make("one", 0x8001), make("two", 0x8002))
    assert predictor_names() == ("cascade", "cnn", "gru", "lpc", "one", "two")
    assert predictor_by_id(0x8002).name == "two"
    assert get_predictor("one").predictor_id == 0x8001


def test_broken_packages_do_not_disturb(monkeypatch):
    offer(monkeypatch, make("one", 0x8001), make("bad", 0x10), broken=["gone"])
    assert get_predictor("one").predictor_id == 0x8001
    assert predictor_by_id(0x8001).name == "one"
    for name, why in [("gone", "No module named 'no_such_package'"), ("bad", "predictor_id 16")]:
        with pytest.raises(UnknownPredictor, match=why):
            get_predictor(name)


def test_packages_that_claim_the_same_id_are_an_error(monkeypatch):
    offer(monkeypatch, make("one", 0x8001), make("two", 0x8001), make("three", 0x8003))
    for _ in range(2):
        with pytest.raises(UsageError, match=r"claimed by both .*one.* and .*two"):
            predictor_by_id(0x8001)
        with pytest.raises(UsageError, match="claimed by both"):
            get_predictor("two")
    assert get_predictor("three").predictor_id == 0x8003


def test_package_cannot_take_a_registered_id_or_a_name_of_nlac(monkeypatch):
    register(make("mine", 0x8001))
    offer(monkeypatch, make("one", 0x8001), make("lpc", 0x8002), make("gru", 0x8004))
    with pytest.raises(UsageError, match="claimed by both"):
        get_predictor("one")
    assert get_predictor("lpc").factory is None
    assert get_predictor("gru").factory is None
    for number in (0x8002, 0x8004):
        with pytest.raises(UnknownPredictor):
            predictor_by_id(number)


def test_entry_checks_what_goes_into_the_stream():
    entry = PredictorEntry(0x8123, "mine", make())
    assert entry.from_options({}).parameters() == b""
    with pytest.raises(UsageError, match="no option 'x'"):
        entry.from_options({"x": 1})
    with pytest.raises(CorruptStream, match="no parameters"):
        entry.from_parameters(b"1")
    for fields, why in [
        ({"parameters": lambda self: bytes(4097)}, "4097 bytes"),
        ({"model_hash": b"short"}, "model_hash"),
    ]:
        with pytest.raises(UsageError, match=why):
            PredictorEntry(0x8123, "mine", make(**fields)).from_options({})


def test_parameters_must_come_back():
    def lossy(cls, parameters):
        predictor = cls()
        predictor.parameters = lambda: b"other"
        return predictor

    mine = make(parameters=lambda self: b"some", from_parameters=classmethod(lossy))
    with pytest.raises(UsageError, match="does not restore its parameters"):
        PredictorEntry(0x8123, "mine", mine).from_options({})


def test_bad_parameters_are_damage():
    def careless(cls, parameters):
        return parameters[99]

    mine = make(from_parameters=classmethod(careless))
    with pytest.raises(CorruptStream, match="index out of range"):
        PredictorEntry(0x8123, "mine", mine).from_parameters(b"")


def test_another_model_is_refused_with_its_hash():
    entry = PredictorEntry(0x8123, "mine", make(model_hash=bytes(32)))
    assert entry.from_parameters(b"", bytes(32)).model_hash == bytes(32)
    with pytest.raises(ModelMismatch, match="needs the model aa"):
        entry.from_parameters(b"", b"\xaa" * 32)
    with pytest.raises(ModelMismatch, match=r"\(none\)"):
        entry.from_parameters(b"", b"")
    assert entry.from_parameters(b"").model_hash == bytes(32)

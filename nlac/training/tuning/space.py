"""The section `tune` of a configuration: which settings to search, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nlac._errors import UsageError
from nlac.training.config.checks import SettingError, at_least, make, setting
from nlac.training.config.experiment import Experiment
from nlac.training.config.files import flattened

if TYPE_CHECKING:
    from optuna import Trial

_KEYS = {"from", "to", "log", "step", "choices"}


@dataclass(frozen=True, slots=True)
class TuneSettings:
    """How to search.

    Attributes
    ----------
    space : dict
        Settings to search by dotted key: a list of choices, or a mapping with `from`, `to`, and
        perhaps `log: true` or `step`. Both ends integers: integers are tried.
    sampler : {"tpe", "random"}
        Tree-structured Parzen estimator (Bergstra et al., 2011), or at random.
    pruner : {"median", "none"}
        Whether a trial ends early if its validations are worse than the median of others at the
        same step.
    startup : int
        Trials at random before the sampler learns and the pruner prunes.
    storage : {"sqlite", "journal"}
        Database, or a file that is only appended to, which also works on network file systems.
    """

    space: dict[str, Any] = setting()
    sampler: Literal["tpe", "random"] = "tpe"
    pruner: Literal["median", "none"] = "median"
    startup: int = at_least(1, 5)
    storage: Literal["sqlite", "journal"] = "sqlite"

    def __post_init__(self) -> None:
        if not self.space:
            raise UsageError("space: is empty; settings to search, by key")
        for key, range_ in self.space.items():
            _check(f"space.{key}", range_)


def make_tune_settings(experiment: Experiment) -> TuneSettings:
    """Check the section `tune` of a configuration.

    Raises
    ------
    SettingError
        There is none, or something in it is wrong.
    """
    if not experiment.tune:
        raise SettingError("tune", "is missing; its key space lists the settings to search")
    settings = make(TuneSettings, experiment.tune, "tune.")
    values = experiment.as_dict()
    known = flattened({name: values[name] for name in ("data", "model", "train")})
    for key in settings.space:
        if key not in known:
            raise SettingError(f"tune.space.{key}", f"no setting; one of {', '.join(known)}")
    return settings


def suggest(trial: Trial, settings: TuneSettings) -> dict[str, Any]:
    """Values of a trial by dotted key."""
    values = {}
    for key, range_ in settings.space.items():
        choices = range_ if isinstance(range_, list) else range_.get("choices")
        if choices:
            values[key] = trial.suggest_categorical(key, choices)
            continue
        low, high, log = range_["from"], range_["to"], range_.get("log", False)
        if isinstance(low, int) and isinstance(high, int):
            values[key] = trial.suggest_int(key, low, high, step=range_.get("step", 1), log=log)
        else:
            values[key] = trial.suggest_float(
                key, float(low), float(high), step=range_.get("step"), log=log
            )
    return values


def _check(key: str, range_: Any) -> None:
    """See that a range of the space is one.

    Raises
    ------
    SettingError
        It is not.
    """
    allowed = "a list of choices, or a mapping with from, to and perhaps log or step"
    choices = range_.get("choices") if isinstance(range_, dict) else range_
    if isinstance(choices, list) and choices:
        return
    if not isinstance(range_, dict) or not {"from", "to"} <= range_.keys() <= _KEYS:
        raise SettingError(key, f"{range_!r}; {allowed}")
    try:
        low, high = float(range_["from"]), float(range_["to"])
    except (TypeError, ValueError):
        raise SettingError(key, f"{range_!r}; from and to are numbers") from None
    if low > high or (range_.get("log") and low <= 0):
        raise SettingError(key, f"{range_!r}; from is not more than to, and with log more than 0")
    if range_.get("log") and "step" in range_:
        raise SettingError(key, f"{range_!r}; log and step exclude each other")

"""Draw what mattered in a search: importance of each setting, and the values over it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlac._errors import UsageError
from nlac._output import open_output
from nlac.views.output.figures import new_figure

if TYPE_CHECKING:
    from optuna import Study

_FEWEST = 3  # trials
_COLUMNS = 3


def importances(study: Study) -> dict[str, float]:
    """Importance of each setting, 0 to 1, by PED-ANOVA (Watanabe et al., IJCAI 2023).

    Raises
    ------
    UsageError
        Too few trials are complete.
    """
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
    from optuna.trial import TrialState

    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(done) < _FEWEST:
        raise UsageError(f"{len(done)} complete trials; {_FEWEST} or more tell what mattered")
    found: dict[str, float] = get_param_importances(
        study, evaluator=PedAnovaImportanceEvaluator()
    )
    return found


def plot_importance(study: Study, path: str | Path, criterion: str) -> None:
    """Draw importances, and the criterion over each setting, most important first.

    Parameters
    ----------
    study : optuna.Study
        The search.
    path : str or Path
        Picture to write; its extension determines the format.
    criterion : str
        Name of the figure, for the axes.

    Raises
    ------
    MissingDependency
        matplotlib is not installed.
    UsageError
        Too few trials are complete.
    """
    shares = importances(study)
    names = list(shares)
    count = len(names) + 1
    columns = min(_COLUMNS, count)
    rows = -(-count // columns)
    figure = new_figure(4.5 * columns, 3.4 * rows)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    axes[0].barh(names[::-1], [shares[name] for name in names[::-1]])
    axes[0].set_title("importance")
    trials = [t for t in study.get_trials(deepcopy=False) if t.value is not None]
    for axis, name in zip(axes[1:], names, strict=False):
        points = [(t.params[name], t.value, t.number) for t in trials if name in t.params]
        _scatter(axis, points)
        axis.set_xlabel(name)
        axis.set_ylabel(criterion)
        if _is_log(study, name):
            axis.set_xscale("log")
    for axis in axes[count:]:
        axis.set_visible(False)
    with open_output(path, force=True) as file:
        figure.savefig(file, format=Path(path).suffix.removeprefix(".") or "png", dpi=110)


def _scatter(axis: Any, points: list[tuple[Any, float, int]]) -> None:
    values = [value for value, _, _ in points]
    if not all(isinstance(value, (int, float)) for value in values):
        values = [str(value) for value in values]
    axis.scatter(values, [y for _, y, _ in points], c=[n for _, _, n in points], cmap="viridis")
    axis.grid(alpha=0.3)


def _is_log(study: Study, name: str) -> bool:
    for trial in study.get_trials(deepcopy=False):
        if name in trial.distributions:
            return bool(getattr(trial.distributions[name], "log", False))
    return False

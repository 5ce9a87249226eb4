"""Figures to draw on: matplotlib, without any window system."""

from __future__ import annotations

from typing import Any

from nlac._errors import MissingDependency


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure of a size in inches, whose parts make room for each other.

    Raises
    ------
    MissingDependency
        matplotlib is not installed.
    """
    try:
        # figure and canvas directly: pyplot would look for a window system
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependency(
            "drawing needs matplotlib; install it with: pip install 'nlac[plot]'"
        ) from error
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure

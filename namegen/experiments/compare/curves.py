"""The curves of engines that train the same network: they lie on each other, and yet each of them is seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from namegen.drawings.style import (
    INK,
    PAPER,
    QUIET,
    EngineLook,
    Level,
    draw_levels,
    engine_looks,
    new_figure,
    number_formatter,
    percent_formatter,
)
from namegen.experiments.compare.document import ListEntry, Training

Looks: TypeAlias = Mapping[str, EngineLook]
WIDTH, NARROW_WIDTH = 9.5, 4.2  # inches: in a wide page and as a file, and on a phone
LEAST_SPAN = 0.1  # of accuracy: what level curves are taken to fill
NARROW, STEP, WIDEST = 1.4, 2.6, 6.4  # wide lines below narrow ones: all are seen where they coincide
DASH, GAP = 8.0, 3.5  # points, whatever the width
MARKERS = 6  # of an engine on a curve


def curves_figure(
    runs: Sequence[Training], entry: ListEntry, looks: Looks | None = None, *, narrow: bool = False
) -> Figure:
    """Two panels: the loss curves, which lie on each other, and accuracy against time, which does not.

    Args:
        runs: the same training by each engine.
        entry: the list.
        looks: how each engine is drawn.
        narrow: for a narrow screen: one panel below the other.
    """
    figure = new_figure(NARROW_WIDTH, 5.6) if narrow else new_figure(WIDTH, 3.7)
    left, right = figure.subplots(2, 1) if narrow else figure.subplots(1, 2)
    looks = looks or engine_looks(run.engine for run in runs)
    _loss_panel(left, runs, looks)
    handles = _accuracy_panel(right, runs, looks)
    for one in entry.references:
        if (one.split, one.seed) == (runs[0].split, runs[0].split_seed):
            shares = one.parts.held_out.ceiling.accuracy_argmax, one.parts.held_out.baseline.accuracy_argmax
            ceiling, counting = (f"{100 * share:.1f}%" for share in shares)
            levels = (
                Level("ceiling", shares[0], ceiling, INK),
                Level(f"{one.baseline_order}-gram", shares[1], counting, QUIET, dashed=True),
            )
            handles += draw_levels(right, levels, least_span=LEAST_SPAN)
    right.legend(handles=handles, fontsize=9, loc="best", handlelength=3)
    return figure


def _loss_panel(axes: Axes, runs: Sequence[Training], looks: Looks) -> None:
    curves = _curves(runs, looks)
    for curve in curves:
        history = curve.run.history
        curve.draw(axes, history.epoch, history.training_loss_nats_per_char)
        curve.draw(axes, history.epoch, history.validation_loss_nats_per_char, dashed=True)
    handles = [curve.handle for curve in curves]
    handles += [
        Line2D([], [], color=QUIET, linewidth=NARROW, label="training names"),
        Line2D([], [], color=QUIET, linewidth=NARROW, dashes=(DASH / NARROW, GAP / NARROW), label="held-out names"),
    ]
    axes.legend(handles=handles, fontsize=9, handlelength=3)
    axes.set_title("Loss against epochs")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss (nats per character)")
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))


def _accuracy_panel(axes: Axes, runs: Sequence[Training], looks: Looks) -> list[Line2D]:
    """Gives the entries of its legend."""
    curves = _curves(runs, looks, step=STEP / 4)
    for curve in curves:
        curve.draw(axes, curve.run.history.seconds, curve.run.history.validation_accuracy_argmax)
    axes.set_title("Accuracy against time, held-out names")
    axes.set_xlabel("time in training and validation (seconds)")
    axes.set_ylabel("likeliest character right (argmax)")
    axes.yaxis.set_major_formatter(percent_formatter())
    axes.xaxis.set_major_formatter(number_formatter())
    axes.set_xlim(left=0)
    return [curve.handle for curve in curves]


@dataclass(frozen=True)
class Curve:
    """How the curves of a run look beside those of the others: none hides another that it coincides with.

    Attributes:
        run: whose.
        look: its engine's.
        width: of its lines, in points: the first run has the widest, at the bottom.
        markers: the first epoch that has one, and how many there are from one to the next; None for none.
    """

    run: Training
    look: EngineLook
    width: float
    markers: tuple[int, int] | None

    def draw(
        self, axes: Axes, times: Sequence[float | int], column: Sequence[float | None], dashed: bool = False
    ) -> None:
        """One curve; its markers stand above the lines of all."""
        dashes: dict[str, Any] = {"dashes": (DASH / self.width, GAP / self.width)} if dashed else {}  # in widths
        dashes |= {"solid_capstyle": "butt", "dash_capstyle": "butt", "marker": self._dot}
        axes.plot(times, _values(column), color=self.look.colour, linewidth=self.width, label=self.run.engine, **dashes)
        if self.markers is not None:
            axes.plot(times, _values(column), linestyle="", zorder=3, markevery=self.markers, **self._marker)

    @property
    def handle(self) -> Line2D:
        """Its entry in a legend."""
        marker = {} if self.markers is None else self._marker
        return Line2D([], [], linewidth=self.width, label=self.run.engine, **{"color": self.look.colour, **marker})

    @property
    def _dot(self) -> str | None:
        """A line of one epoch has no length."""
        return self.look.marker if len(self.run.history.epoch) == 1 else None

    @property
    def _marker(self) -> dict[str, Any]:
        edge = {"markeredgecolor": self.look.colour if self.look.hollow else PAPER, "markeredgewidth": 0.8}
        return {"color": self.look.colour, "marker": self.look.marker, "markersize": 6.5, **edge,
                "markerfacecolor": self.look.face}  # fmt: skip


def _curves(runs: Sequence[Training], looks: Looks, step: float = STEP) -> list[Curve]:
    """The curves of all runs; where there are more than two, with markers that stand at different epochs."""
    step = min(step, (WIDEST - NARROW) / max(len(runs) - 1, 1))
    curves = []
    for place, run in enumerate(runs):
        every = max(len(run.history.epoch) // MARKERS, len(runs))
        marked = len(runs) > 2 and len(run.history.epoch) > 1
        markers = (place * every // len(runs), every) if marked else None
        curves.append(Curve(run, looks[run.engine], NARROW + step * (len(runs) - 1 - place), markers))
    return curves


def _values(column: Sequence[float | None]) -> list[float]:
    """What a line can hold: a gap where there is no value."""
    return [math.nan if value is None else value for value in column]

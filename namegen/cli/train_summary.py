"""The summary that ``namegen train`` prints at the end of a run."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from namegen.cli.terminal import METRICS, counted, metric_cells, percent, printable, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from namegen.core.evaluation.evaluator import Metrics
    from namegen.core.training.result import RunResult

WIDTH_OF_NEW_NAMES = 60  # characters of new names that are shown
TIE = 0.005  # nats per character; a validation set can't resolve smaller differences
SMALL_LIST = 300  # distinct names
MIN_TO_JUDGE = 10  # distinct held-out names


def summary(result: RunResult, plot: Path | None) -> list[RenderableType]:
    """Describe a finished run: its metrics, a verdict, new names, its files, and the next step."""
    duration = f"{result.seconds:.1f}" if result.seconds >= 0.05 else "less than 0.1"
    heading = f"best epoch: {result.best_epoch} of {result.epochs}; trained in {duration} seconds"
    if result.chars_per_second is not None:
        heading += f", {result.chars_per_second:,.0f} characters per second"
    blocks = [heading, "", metrics_table(result), "", *verdict(result), "", *name_lines(result)]
    if result.out is not None:
        blocks.append(f"model: {printable(str(result.out))}")
        if plot is not None:
            blocks.append(f"plot: {printable(str(plot))}")
        command = printable(f"namegen generate {shlex.quote(str(result.out))}")
        blocks.append(f"Your model is ready. To invent names: {command}")
    return blocks


def metrics_table(result: RunResult) -> RenderableType:
    """Compare the network with the n-gram baseline and the ceiling, on each part of the list."""
    references = result.references
    held_out: dict[str, Metrics | None] = {"this network": result.validation}
    test: dict[str, Metrics | None] = {"this network": result.test}
    if references is not None:
        baseline = references.baseline
        held_out |= {baseline.summary: baseline.metrics, "ceiling": references.ceiling}
        test |= {"n-gram": baseline.test, "ceiling": references.test_ceiling}
    parts: dict[str, dict[str, Metrics | None]] = {
        "on held-out names": held_out,
        "on the test names": test,
        "on the training names": {"this network": result.training},
    }
    rows = []
    for title, metrics_of in parts.items():
        if metrics_of["this network"] is None:
            continue
        rows.append((title, "", "", ""))
        for name, metrics in metrics_of.items():
            if metrics is not None:
                rows.append((f"  {name}", *metric_cells(metrics)))
    first_heading, *_ = rows.pop(0)
    return table(rows, first_heading, *METRICS)


def verdict(result: RunResult) -> list[str]:
    """Compare the network with the n-gram baseline, and explain what limits the result."""
    training = result.checkpoint.training
    references = result.references
    # The network is judged on the test set. If it has too few names, it's judged on the validation set.
    uses_test = result.test is not None and (
        references is None
        or result.validation is None
        or references.judging(test=True) >= MIN_TO_JUDGE
    )
    metrics = result.test if uses_test else result.validation
    sentences: list[str] = []
    if metrics is None:
        sentences.append(
            "No names were held out. These metrics are for names that the network was trained on, and don't show how "
            "well it predicts other names."
        )
    elif metrics.loss_nats_per_char > math.log(result.checkpoint.network.vocabulary_size):
        return ["The network has learned nothing: a random guess is better."]
    elif references is None:
        sentences.append(
            "No n-gram comparison: the n-gram baseline is tuned on a validation set, and this run has none."
        )
    else:
        held_out = references.judging(test=uses_test)
        ngram = references.baseline.test if uses_test else references.baseline.metrics
        if 0 < held_out < MIN_TO_JUDGE:
            sentences.append(
                f"Only {counted(held_out, 'held-out name')}: too few to compare the network with the n-gram baseline."
            )
        elif ngram is not None:
            seen = references.parts.seen_percent
            if "base_model" in training:
                names = "On held-out names (the base model may have been trained on some of them)"
            elif uses_test:
                names = "On the test names"
            elif seen:
                share = f"{seen:.0f}%" if seen >= 0.5 else "under 1%"
                names = f"On the held-out names, {share} of which it has seen"
            else:
                names = "On names that it has not seen"
            better_by = ngram.loss_nats_per_char - metrics.loss_nats_per_char
            sentences.append(f"{names}, this network is {_compared(better_by, held_out)}.")
    if result.epochs > 1 and result.best_epoch == 1:
        sentences.append("The first epoch was the best, and all later ones were worse.")
    distinct_names = training.get("distinct_names", SMALL_LIST)
    if distinct_names < SMALL_LIST:
        sentences.append(
            f"The list has only {counted(distinct_names, 'distinct name')}, so new names will be similar to names in "
            "the list."
        )
    return sentences


def _compared(better_by: float, held_out: int) -> str:
    """Describe the difference between two losses in words.

    Args:
        better_by: the n-gram baseline's loss minus the network's, in nats per character.
        held_out: the number of names on which the losses were measured.

    >>> _compared(0.2, held_out=1_000)
    'better than the n-gram baseline, by 0.200 nats per character'
    """
    if abs(better_by) < TIE:
        return "as good as the n-gram baseline"
    comparative = "better" if better_by > 0 else "worse"
    words = f"{comparative} than the n-gram baseline, by {abs(better_by):.3f} nats per character"
    may_be_chance = better_by**2 * held_out < 1  # a rule of thumb
    return f"{words}, which may be chance" if may_be_chance else words


def name_lines(result: RunResult) -> list[str]:
    """Show some new names, and how many drawn names are in the list. Return no lines if no names were drawn."""
    drawn = result.drawn
    if drawn is None:
        return []
    lines = []
    # As many names as fit on one line.
    shown = ""
    for name in map(printable, drawn.new_names):
        longer = f"{shown}, {name}" if shown else name
        if len(longer) <= WIDTH_OF_NEW_NAMES:
            shown = longer
    if shown:
        lines.append(f"new names: {shown}")
    is_fine_tuned = "base_model" in result.checkpoint.training
    where = "in the list or in the base model's list" if is_fine_tuned else "in the list"
    seen = percent(drawn.seen_share)
    lines.append(f"{seen} of {drawn.draws:,} names sampled at temperature 1 are {where}")
    return lines

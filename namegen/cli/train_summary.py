"""The summary that ``namegen train`` prints at the end of a run."""

from __future__ import annotations

import math
import shlex
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from namegen.cli.terminal import (
    METRICS,
    columns,
    counted,
    fitted,
    metric_cells,
    percent,
    printable,
)
from namegen.errors import GenerationError, NamegenError
from namegen.events import Event, Searched

if TYPE_CHECKING:
    from namegen.api import LoadedModel
    from namegen.core.evaluation.evaluator import Metrics
    from namegen.core.evaluation.references import HeldOutReferences
    from namegen.core.training.result import RunResult

SAMPLES = 1000  # names drawn to see how many are in the list
MIN_SAMPLES = 100
MAX_CHARACTERS = 100_000  # of all samples together; if names may be long, there are fewer samples
NEW_NAMES = 20
MAX_CHARACTERS_READ = 20_000_000  # in the search for new names
WIDTH_OF_NEW_NAMES = 60  # characters of new names that are shown
TIE = 0.005  # nats per character; a validation set can't resolve smaller differences
SMALL_LIST = 300  # distinct names
MIN_TO_JUDGE = 10  # distinct held-out names


def summary(result: RunResult, plot: Path | None) -> str:
    """Describe a finished run: its metrics and those of the n-gram baseline, new names, files, and the next step."""
    best = f"best epoch: {result.best_epoch} of {result.epochs}; trained in {result.seconds:.1f} seconds"
    if result.chars_per_second is not None:
        best += f", {result.chars_per_second:,.0f} characters per second"
    lines = [fill(best, columns()), "", _metrics_table(result), ""]
    sentences = verdict(result)
    if sentences:
        lines += [fill(sentence, columns()) for sentence in sentences]
        lines.append("")
    lines += [fill(line, columns()) for line in _sample_lines(result)]
    if result.out is not None:
        out = str(result.out)
        lines.append(f"model: {printable(out)}")
        if plot is not None:
            lines.append(f"plot: {printable(str(plot))}")
        command = f"namegen generate {shlex.quote(out)}"
        lines.append(f"Your model is ready. To invent names: {printable(command)}")
    return "\n".join(lines)


def _metrics_table(result: RunResult) -> str:
    """The metrics on each part of the list; on held-out names, also those of the n-gram baseline and the ceiling."""
    references = result.references
    rows: list[tuple[str, ...]] = []
    if result.validation is not None:
        rows.append(("on held-out names", *METRICS))
        rows.append(("  this network", *metric_cells(result.validation)))
        if references is not None:
            baseline = references.baseline
            rows += _reference_rows(baseline.summary, baseline.metrics, references.ceiling)
    if result.test is not None:
        rows.append(("on the test names", *METRICS))
        rows.append(("  this network", *metric_cells(result.test)))
        if references is not None:
            rows += _reference_rows("n-gram", references.baseline.test, references.test_ceiling)
    headings = [""] * len(METRICS) if rows else METRICS
    rows.append(("on the training names", *headings))
    rows.append(("  this network", *metric_cells(result.training)))
    return fitted(rows)


def _reference_rows(
    ngram_name: str, ngram: Metrics | None, ceiling: Metrics | None
) -> list[tuple[str, ...]]:
    if ngram is None or ceiling is None:
        return []
    return [(f"  {ngram_name}", *metric_cells(ngram)), ("  ceiling", *metric_cells(ceiling))]


# --- the verdict ------------------------------------------------------------------------------------------------------


def verdict(result: RunResult) -> list[str]:
    """Sentences that compare the network with the n-gram baseline, and name what limits the result."""
    uses_test = _uses_test(result)
    metrics = result.test if uses_test else result.validation
    if metrics is not None:
        loss_of_a_guess = math.log(result.checkpoint.network.vocabulary_size)
        if metrics.loss_nats_per_char > loss_of_a_guess:
            return ["The network has learned nothing: a random guess is better."]
    sentences = [_comparison(result, metrics, uses_test=uses_test)]
    if result.epochs > 1 and result.best_epoch == 1:
        sentences.append("The first epoch was the best, and all later ones were worse.")
    names = result.checkpoint.training.get("distinct_names", SMALL_LIST)
    if names < SMALL_LIST:
        sentences.append(
            f"The list has only {counted(names, 'distinct name')}, so new names differ little from the list."
        )
    return [sentence for sentence in sentences if sentence]


def _uses_test(result: RunResult) -> bool:
    """Whether the test set decides; the validation set does if the test set has too few names."""
    if result.test is None:
        return False
    if result.references is None or result.validation is None:
        return True
    return result.references.judging(test=True) >= MIN_TO_JUDGE


def _comparison(result: RunResult, metrics: Metrics | None, *, uses_test: bool) -> str:
    """Compare the network with the n-gram baseline, or explain why that isn't possible; "" if there is no baseline."""
    references = result.references
    if metrics is None:
        return (
            "No names were held out. These metrics are for names that the network has learned from, and don't show how "
            "well it predicts others."
        )
    if references is None:
        return "No n-gram comparison: the n-gram baseline is tuned on a validation set, and this run has none."
    held_out = references.judging(test=uses_test)
    if 0 < held_out < MIN_TO_JUDGE:
        return f"Only {counted(held_out, 'name')} held out: too few to compare the network with the n-gram baseline."
    ngram = references.baseline.test if uses_test else references.baseline.metrics
    if ngram is None:
        return ""
    if "base_model" in result.checkpoint.training:
        on_names = "On held-out names, which its base model may know"
    else:
        on_names = _on_names(references, uses_test=uses_test)
    better_by = ngram.loss_nats_per_char - metrics.loss_nats_per_char
    may_be_chance = abs(better_by) >= TIE and better_by**2 * held_out < 1  # a rule of thumb
    chance = ", which may be chance" if may_be_chance else ""
    return f"{on_names}, this network is {_compared_with_ngram(better_by)}{chance}."


def _on_names(references: HeldOutReferences, *, uses_test: bool) -> str:
    if uses_test:
        return "On the test names"
    seen = references.parts.seen_percent
    if seen:
        return f"On the held-out names, {_rounded_percent(seen)} of which it has seen"
    return "On names that it has not seen"


def _rounded_percent(value: float) -> str:
    """A percentage above 0 as a whole number, but never as 0%.

    >>> _rounded_percent(0.2), _rounded_percent(83.4)
    ('under 1%', '83%')
    """
    return f"{value:.0f}%" if value >= 0.5 else "under 1%"


def _compared_with_ngram(better_by: float) -> str:
    """``better_by``: the n-gram baseline's loss minus the network's, in nats per character."""
    if abs(better_by) < TIE:
        return "as good as the n-gram baseline"
    comparative = "better" if better_by > 0 else "worse"
    return f"{comparative} than the n-gram baseline, by {abs(better_by):.3f} nats per character"


# --- new names --------------------------------------------------------------------------------------------------------


@dataclass
class _SearchLimit:
    """A progress callback that ends a search for new names if it takes too long."""

    longest_name: int  # characters

    def __call__(self, event: Event) -> None:
        if isinstance(event, Searched):
            names = event.drawn + event.read
            if names * self.longest_name > MAX_CHARACTERS_READ:
                raise GenerationError("the search for a summary's names has taken too long")


def _sample_lines(result: RunResult) -> list[str]:
    """A few new names, and the share of samples that are in the list; nothing if the model can't generate names."""
    from namegen import api

    longest_name = result.checkpoint.longest_name
    sample_count = max(MIN_SAMPLES, min(SAMPLES, MAX_CHARACTERS // longest_name))
    any_name: dict[str, Any] = {
        "allow_seen": True,
        "allow_repeats": True,
        "allow_profanity": True,
    }
    try:
        model = api.open_checkpoint(result.checkpoint, "")
        samples = list(model.generate_batches(sample_count, seed=result.seed, **any_name))
        new_names = _new_names(model, seed=result.seed, longest_name=longest_name)
    except (
        NamegenError
    ):  # a third-party cell that can't run here, or a network whose names never end
        return []
    lines = []
    if new_names:
        lines.append(f"new names: {new_names}")
    is_new: list[bool] = []  # empty if the model was saved without the hashes of its training names
    for batch in samples:
        if batch.new is not None:
            is_new += batch.new.tolist()
    if is_new:
        where = "in the list"
        if "base_model" in result.checkpoint.training:
            where = "in the list or names of the base model"
        seen = percent(1 - sum(is_new) / len(is_new))
        lines.append(f"of {len(is_new):,} names drawn at temperature 1, {seen} are {where}")
    return lines


def _new_names(model: LoadedModel, *, seed: int, longest_name: int) -> str:
    """As many new names as fit a line, separated by commas."""
    names: list[str] = []
    limit = _SearchLimit(longest_name)
    with suppress(GenerationError):  # there are fewer names, or the search takes too long
        for batch in model.generate_batches(NEW_NAMES, seed=seed, on_progress=limit):
            names += batch.names
    shown = ""
    for name in names:
        longer = f"{shown}, {printable(name)}" if shown else printable(name)
        if len(longer) <= WIDTH_OF_NEW_NAMES:
            shown = longer
    return shown

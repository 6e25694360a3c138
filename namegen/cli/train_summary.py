"""The summary that ``namegen train`` prints at the end of a run."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, TypeAlias

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
    from namegen.core.checkpoint.checkpoint import Checkpoint
    from namegen.core.evaluation.evaluator import Metrics
    from namegen.core.evaluation.references import HeldOutReferences
    from namegen.core.generation.name_batch import NameBatch
    from namegen.core.training.result import RunResult

SAMPLES = 1000  # the number of samples for measuring how many names are in the list
MIN_SAMPLES = 100
MAX_CHARACTERS = 100_000  # of all samples together; if names can be long, there are fewer samples
NEW_NAMES = 20
MAX_CHARACTERS_READ = 20_000_000  # in the search for new names
WIDTH_OF_NEW_NAMES = 60  # characters of new names that are shown
TIE = 0.005  # nats per character; a validation set can't resolve smaller differences
SMALL_LIST = 300  # distinct names
MIN_TO_JUDGE = 10  # distinct held-out names

Row: TypeAlias = tuple[str, ...]  # table cells


def summary(result: RunResult, plot: Path | None) -> str:
    """Describe a finished run: its metrics, a verdict, new names, its files, and the next step."""
    paragraphs = [
        fill(_run_sentence(result), columns()),
        _metrics_table(result),
        _filled(verdict(result)),
        "\n".join([*_name_lines(result), *_file_lines(result.out, plot)]),
    ]
    return "\n\n".join(filter(None, paragraphs))


def _filled(sentences: Sequence[str]) -> str:
    """Start each sentence on a new line, and wrap lines to the width of the terminal."""
    return "\n".join(fill(sentence, columns()) for sentence in sentences)


def _run_sentence(result: RunResult) -> str:
    """Return a sentence with the best epoch and the training time."""
    duration = f"{result.seconds:.1f}" if result.seconds >= 0.05 else "less than 0.1"
    sentence = f"best epoch: {result.best_epoch} of {result.epochs}; trained in {duration} seconds"
    if result.chars_per_second is None:
        return sentence
    return f"{sentence}, {result.chars_per_second:,.0f} characters per second"


def _file_lines(folder: Path | None, plot: Path | None) -> list[str]:
    """List the files of the run and the command that generates names with its model."""
    if folder is None:
        return []
    lines = [f"model: {printable(str(folder))}"]
    if plot is not None:
        lines.append(f"plot: {printable(str(plot))}")
    command = f"namegen generate {shlex.quote(str(folder))}"
    lines.append(f"Your model is ready. To invent names: {printable(command)}")
    return lines


# --- the table --------------------------------------------------------------------------------------------------------


def _metrics_table(result: RunResult) -> str:
    """Show the metrics on held-out names, the n-gram baseline, the ceiling, and the metrics on training names."""
    rows = [*_validation_rows(result), *_test_rows(result)]
    headings = [""] * len(METRICS) if rows else METRICS
    rows.append(("on the training names", *headings))
    rows.append(("  this network", *metric_cells(result.training)))
    return fitted(rows)


def _validation_rows(result: RunResult) -> list[Row]:
    """Return the rows for the validation set: the network, the n-gram baseline and the ceiling."""
    if result.validation is None:
        return []
    rows: list[Row] = [
        ("on held-out names", *METRICS),
        ("  this network", *metric_cells(result.validation)),
    ]
    if result.references is not None:
        baseline = result.references.baseline
        rows += _reference_rows(baseline.summary, baseline.metrics, result.references.ceiling)
    return rows


def _test_rows(result: RunResult) -> list[Row]:
    """Return the rows for the test set: the network, the n-gram baseline and the ceiling."""
    if result.test is None:
        return []
    rows: list[Row] = [
        ("on the test names", *METRICS),
        ("  this network", *metric_cells(result.test)),
    ]
    references = result.references
    if references is not None:
        rows += _reference_rows("n-gram", references.baseline.test, references.test_ceiling)
    return rows


def _reference_rows(ngram_name: str, ngram: Metrics | None, ceiling: Metrics | None) -> list[Row]:
    """Return the rows that the network is compared with, or no rows if the references are unknown."""
    if ngram is None or ceiling is None:
        return []
    return [(f"  {ngram_name}", *metric_cells(ngram)), ("  ceiling", *metric_cells(ceiling))]


# --- the verdict ------------------------------------------------------------------------------------------------------


def verdict(result: RunResult) -> list[str]:
    """Compare the network with the n-gram baseline, and explain what limits the result."""
    uses_test = _uses_test(result)
    metrics = result.test if uses_test else result.validation
    if metrics is not None and _is_worse_than_guessing(metrics, result.checkpoint):
        return ["The network has learned nothing: a random guess is better."]
    sentences = [_comparison(result, metrics, uses_test=uses_test), *_limits(result)]
    return [sentence for sentence in sentences if sentence]


def _uses_test(result: RunResult) -> bool:
    """Return whether to judge the network on the test set. If it has too few names, use the validation set."""
    if result.test is None:
        return False
    if result.references is None or result.validation is None:
        return True
    return result.references.judging(test=True) >= MIN_TO_JUDGE


def _is_worse_than_guessing(metrics: Metrics, checkpoint: Checkpoint) -> bool:
    """Return whether the loss is higher than that of a model for which all characters are equally likely."""
    loss_of_a_guess = math.log(checkpoint.network.vocabulary_size)
    return metrics.loss_nats_per_char > loss_of_a_guess


def _limits(result: RunResult) -> list[str]:
    """Return sentences about what may limit the result: a best epoch that was the first one, or a small list."""
    sentences = []
    if result.epochs > 1 and result.best_epoch == 1:
        sentences.append("The first epoch was the best, and all later ones were worse.")
    names = result.checkpoint.training.get("distinct_names", SMALL_LIST)
    if names < SMALL_LIST:
        sentences.append(
            f"The list has only {counted(names, 'distinct name')}, so new names will be similar to names in the list."
        )
    return sentences


def _comparison(result: RunResult, metrics: Metrics | None, *, uses_test: bool) -> str:
    """Compare the network with the n-gram baseline in a sentence, or explain why that's impossible.

    Args:
        result: the result of the run.
        metrics: the network's metrics on the names on which it's judged, or None if no names were held out.
        uses_test: whether these names are the test set. Otherwise, they are the validation set.

    Returns:
        The sentence, or "" if the baseline's metrics on these names are unknown.
    """
    references = result.references
    if metrics is None:
        return (
            "No names were held out. These metrics are for names that the network was trained on, and don't show how "
            "well it predicts other names."
        )
    if references is None:
        return "No n-gram comparison: the n-gram baseline is tuned on a validation set, and this run has none."
    held_out = references.judging(test=uses_test)
    if 0 < held_out < MIN_TO_JUDGE:
        were = "was" if held_out == 1 else "were"
        return (
            f"Only {counted(held_out, 'name')} {were} held out: too few to compare the network with the n-gram "
            "baseline."
        )
    ngram_metrics = references.baseline.test if uses_test else references.baseline.metrics
    if ngram_metrics is None:
        return ""
    on_names = _on_names(result.checkpoint, references, uses_test=uses_test)
    better_by = ngram_metrics.loss_nats_per_char - metrics.loss_nats_per_char
    return f"{on_names}, this network is {_compared_with_ngram(better_by, held_out)}."


def _on_names(checkpoint: Checkpoint, references: HeldOutReferences, *, uses_test: bool) -> str:
    """Describe the names on which the network is judged."""
    if "base_model" in checkpoint.training:
        return "On held-out names (the base model may have been trained on some of them)"
    if uses_test:
        return "On the test names"
    seen = references.parts.seen_percent
    if seen:
        return f"On the held-out names, {_rounded_percent(seen)} of which it has seen"
    return "On names that it has not seen"


def _rounded_percent(value: float) -> str:
    """Return a percentage above 0 as a whole number, but never as 0%.

    >>> _rounded_percent(0.2), _rounded_percent(83.4)
    ('under 1%', '83%')
    """
    return f"{value:.0f}%" if value >= 0.5 else "under 1%"


def _compared_with_ngram(better_by: float, held_out: int) -> str:
    """Describe the difference between two losses in words.

    Args:
        better_by: the n-gram baseline's loss minus the network's, in nats per character.
        held_out: the number of names on which the losses were measured.

    >>> _compared_with_ngram(0.2, held_out=1_000)
    'better than the n-gram baseline, by 0.200 nats per character'
    """
    if abs(better_by) < TIE:
        return "as good as the n-gram baseline"
    comparative = "better" if better_by > 0 else "worse"
    words = f"{comparative} than the n-gram baseline, by {abs(better_by):.3f} nats per character"
    may_be_chance = better_by**2 * held_out < 1  # a rule of thumb
    return f"{words}, which may be chance" if may_be_chance else words


# --- new names --------------------------------------------------------------------------------------------------------


def _name_lines(result: RunResult) -> list[str]:
    """Show some new names, and how many samples are in the list. Return no lines if the model can't generate names."""
    from namegen import api

    try:
        model = api.open_checkpoint(result.checkpoint, "")
        samples = _samples(model, result)
        new_names = _new_names(model, result)
    except NamegenError:  # the cell can't run here, or the network's names never end
        return []
    lines = []
    if new_names:
        lines.append(f"new names: {_first_that_fit(new_names)}")
    is_new = _novelty(samples)
    if is_new:
        lines.append(_share_of_list(is_new, result.checkpoint))
    return [fill(line, columns()) for line in lines]


def _samples(model: LoadedModel, result: RunResult) -> list[NameBatch]:
    """Sample names without any filter, to find out how many of them are in the list."""
    affordable = MAX_CHARACTERS // result.checkpoint.longest_name
    sample_count = max(MIN_SAMPLES, min(SAMPLES, affordable))
    batches = model.generate_batches(
        sample_count,
        seed=result.seed,
        allow_seen=True,
        allow_repeats=True,
        allow_profanity=True,
    )
    return list(batches)


def _novelty(samples: Sequence[NameBatch]) -> list[bool]:
    """Return whether each name is new, or an empty list if the model doesn't know its training names."""
    is_new: list[bool] = []
    for batch in samples:
        if batch.new is not None:
            is_new += batch.new.tolist()
    return is_new


def _share_of_list(is_new: Sequence[bool], checkpoint: Checkpoint) -> str:
    """Return a sentence with the percentage of samples that are in the list."""
    is_fine_tuned = "base_model" in checkpoint.training
    where = "in the list or in the base model's list" if is_fine_tuned else "in the list"
    seen = percent(1 - sum(is_new) / len(is_new))
    return f"{seen} of {len(is_new):,} names sampled at temperature 1 are {where}"


@dataclass(frozen=True)
class _SearchLimit:
    """A progress callback that ends a search for new names if it takes too long."""

    longest_name: int  # characters

    def __call__(self, event: Event) -> None:
        if isinstance(event, Searched):
            most_characters = (event.drawn + event.read) * self.longest_name
            if most_characters > MAX_CHARACTERS_READ:
                raise GenerationError("the search for a summary's names has taken too long")


def _new_names(model: LoadedModel, result: RunResult) -> list[str]:
    """Return up to ``NEW_NAMES`` new names, or fewer if the search takes too long."""
    limit = _SearchLimit(result.checkpoint.longest_name)
    names: list[str] = []
    with suppress(GenerationError):  # the limit was reached, or there are fewer names
        for batch in model.generate_batches(NEW_NAMES, seed=result.seed, on_progress=limit):
            names += batch.names
    return names


def _first_that_fit(names: Sequence[str]) -> str:
    """Return as many names as fit on one line, separated by commas."""
    line = ""
    for name in map(printable, names):
        longer = f"{line}, {name}" if line else name
        if len(longer) <= WIDTH_OF_NEW_NAMES:
            line = longer
    return line

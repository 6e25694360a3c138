"""What ``namegen train`` says at its end."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from namegen.cli.terminal import FIGURES, columns, counted, figures, fitted, percent, printable
from namegen.core.settings import DROPS
from namegen.errors import NamegenError

if TYPE_CHECKING:
    from namegen.core.evaluation.evaluator import Metrics
    from namegen.core.evaluation.references import HeldOutReferences
    from namegen.core.generation.generator import NameBatch
    from namegen.core.training.run_result import RunResult

DRAWN_NAMES = 1000
NAMES_SHOWN = 60  # characters of them
TIE = 0.005  # nats per character: less than a held-out tenth can tell
SMALL_LIST = 300  # distinct names
FEWEST_TO_JUDGE = 10  # distinct names that are held out


def summary(result: RunResult, plot: Path | None) -> str:
    """The figures of the best epoch beside what they are to be compared with, new names, files, what to do next."""
    speed = "" if result.chars_per_second is None else f", {result.chars_per_second:,.0f} characters per second"
    lines = [f"best epoch: {result.best_epoch} of {result.epochs}; trained in {result.seconds:.1f} seconds{speed}", ""]
    rows: list[tuple[str, ...]] = []
    references = result.references
    if result.validation is not None and references is not None:
        rows = [
            ("on held-out names", *FIGURES),
            ("  this network", *figures(result.validation)),
            (f"  {references.baseline.summary}", *figures(references.baseline.metrics)),
            ("  ceiling", *figures(references.ceiling)),
        ]
    if result.test is not None:
        rows += [("on the test names", *FIGURES), ("  this network", *figures(result.test))]
        if references is not None and references.baseline.test is not None and references.test_ceiling is not None:
            rows += [
                ("  counting", *figures(references.baseline.test)),
                ("  ceiling", *figures(references.test_ceiling)),
            ]
    rows += [
        ("on the training names", *([""] * len(FIGURES) if rows else FIGURES)),
        ("  this network", *figures(result.training)),
    ]
    said = [fill(sentence, columns()) for sentence in verdict(result)]
    lines += [fitted(rows), "", *said, *([""] if said else []), *_drawn(result)]
    if result.out is not None:
        lines.append(f"model: {printable(str(result.out))}")
        lines += [f"plot: {printable(str(plot))}"] if plot else []
        lines.append(f"next: namegen generate {printable(shlex.quote(str(result.out)))}")
    return "\n".join(lines)


def verdict(result: RunResult) -> list[str]:
    """The network beside counting, in words; and what to do where the figures ask for it."""
    judged, on_test = _judged(result)
    if judged is not None and judged.loss_nats_per_char > math.log(result.checkpoint.network.vocabulary_size):
        dropped = any(result.checkpoint.training["settings"][name] for name in DROPS)
        also = ", or less dropout" if dropped else ", or more --epochs"
        return [f"The network has learned nothing: a random guess is better. Try a lower --learning-rate{also}."]
    said = []
    references = result.references
    held_out = 0 if references is None else references.judging(test=on_test)
    if result.validation is None and result.test is None:
        said.append(
            "No names are held out: these figures are for names that the network has learned from, and do not say how "
            "well it predicts others."
        )
    elif references is None and result.test is not None:
        said.append(
            "Counting is chosen on validation names, so there is none to compare the test figures with: give "
            "--validation 0.1 for that."
        )
    elif judged is not None and 0 < held_out < FEWEST_TO_JUDGE:
        said.append(
            f"Only {counted(held_out, 'name')} held out: too few to compare the network with counting. It is better to "
            "train on the whole of such a short list: --validation 0."
        )
    elif judged is not None and references is not None:
        counting = references.baseline.test if on_test else references.baseline.metrics
        if counting is not None:
            better_by = counting.loss_nats_per_char - judged.loss_nats_per_char
            said.append(_beside_counting(result, _which_names(references, on_test=on_test), better_by))
    if result.epochs > 1 and result.best_epoch == 1:
        said.append(
            "The first epoch was the best, and all later ones were worse: try a lower --learning-rate, or a higher "
            "--drop-recurrent and --drop-output."
        )
    names = result.checkpoint.training.get("distinct_names", SMALL_LIST)
    if names < SMALL_LIST:
        said.append(
            f"The list has only {counted(names, 'distinct name')}: new names will be close to them. Give a longer list "
            "if you have one."
        )
    return said


def _judged(result: RunResult) -> tuple[Metrics | None, bool]:
    """The figures that judge, and whether they are the test part's: those, unless its names are too few for it."""
    references = result.references
    on_test = result.test is not None and (
        references is None or result.validation is None or references.judging(test=True) >= FEWEST_TO_JUDGE
    )
    return (result.test if on_test else result.validation), on_test


def _which_names(references: HeldOutReferences, *, on_test: bool) -> str:
    if on_test:
        return "On the test names"
    seen = references.parts.seen_percent
    return f"On the held-out names, {_some(seen)} of which it has seen" if seen else "On names that it has not seen"


def _some(per_cent: float) -> str:
    """A share above 0 in whole per cent: one that rounds to none of it is not none.

    >>> _some(0.2), _some(83.4)
    ('under 1%', '83%')
    """
    return f"{per_cent:.0f}%" if per_cent >= 0.5 else "under 1%"


def _beside_counting(result: RunResult, on: str, better_by: float) -> str:
    """``better_by``: nats per character that counting loses more than the network."""
    on = f"{on}, this network"
    if abs(better_by) < TIE:
        return f"{on} is as good as counting (an n-gram model)."
    if better_by > 0:
        return f"{on} is better than counting (an n-gram model), by {better_by:.3f} nats per character."
    settings = result.checkpoint.training["settings"]
    if settings["effort"] == "quick":
        advice = "train with --effort standard, which takes a minute or two"
    elif result.best_epoch >= 0.9 * result.epochs:
        advice = f"it was still improving, so train longer: --epochs {2 * result.epochs}"
    else:
        advice = "counting suits this list; a longer one would help the network"
    return f"{on} is worse than counting (an n-gram model), by {-better_by:.3f} nats per character: {advice}."


def _drawn(result: RunResult) -> list[str]:
    """A few new names, and how many of those drawn stand in the list; nothing where the network cannot say."""
    from namegen import api

    try:
        model = api.open_checkpoint(result.checkpoint, "")
        drawing: dict[str, Any] = {"seed": result.seed, "allow_seen": True, "allow_repeats": True}
        as_learned = list(model.generate_batches(DRAWN_NAMES, temperature=1.0, **drawing))
        for_use = list(model.generate_batches(DRAWN_NAMES, **drawing))
    except NamegenError:  # a cell of a third party's, or a network whose names never end
        return []
    names = [name for batch in for_use for name in batch.names]
    shown = ""
    for name in dict.fromkeys(name for name, is_new in zip(names, _new(for_use), strict=False) if is_new):
        longer = f"{shown}, {printable(name)}" if shown else printable(name)
        if len(longer) <= NAMES_SHOWN:
            shown = longer
    said = [f"new names: {shown}"] if shown else []
    new = _new(as_learned)
    if new:
        said.append(f"of {len(new):,} generated names, {percent(1 - sum(new) / len(new))} are in the list")
    if result.checkpoint.drawing_temperature is not None:
        said.append(f"default temperature: {model.default_temperature:g}, at which most new names are plausible")
    return said


def _new(batches: list[NameBatch]) -> list[bool]:
    """Of each name whether it is new; [] where nobody knows."""
    return [is_new for batch in batches if batch.new is not None for is_new in batch.new.tolist()]

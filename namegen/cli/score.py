"""``namegen score``: show how likely each letter of a name is."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from namegen.cli import options
from namegen.cli.commands import command
from namegen.cli.display import Display
from namegen.cli.opening import check_model, open_blend
from namegen.cli.terminal import (
    NARROW,
    columns,
    counted,
    make_console,
    note,
    percent,
    printable,
    show_result,
    table,
)
from namegen.core.data.label_parts import by_part
from namegen.core.training import MODEL_FILE
from namegen.errors import nearest
from namegen.files import is_file, is_folder
from namegen.models import SHIPPED

if TYPE_CHECKING:
    from rich.console import RenderableType

    from namegen.core.evaluation.scoring import NameScore

END = "·"  # marks the end of a name
SPACE = "␣"
MAX_LABELS = 5  # the number of labels shown for each name
MODEL_ENDINGS = (".safetensors", ".tflite")
SCORES = ("bits per character", "log-probability", "percentile")
# Bits of surprise up to which a letter has a color: nearly certain, likely, open, unlikely, very unlikely.
COLORS = (
    (1.0, "green"),
    (3.0, "cyan"),
    (5.0, "yellow"),
    (8.0, "red"),
    (math.inf, "bold magenta"),
)


@command("namegen score mlb-last Maddox Garcia", "namegen score --model runs/friends-numpy Ann Bob")
@click.argument("texts", nargs=-1, required=True, metavar="[MODEL] NAME...")
@click.option(
    "--model", metavar="MODEL", help="The model to use. With this option, all arguments are names."
)
@options.more_models
@click.option(
    "--labels",
    "by_label",
    is_flag=True,
    help="Show the most likely labels of each name. If labels have several parts, such as origin and gender, show the "
    "most likely values of each part.",
)
@options.model_options
@options.common
def score(
    texts: Sequence[str],
    model: str | None,
    more_models: tuple[str, ...],
    by_label: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Show how likely names are for a model, letter by letter.

    MODEL: a run folder, a model file (.safetensors or .tflite), or a built-in model (see `namegen models`). If the
    first argument isn't one of these, it's treated as a name. The model is then the newest run in runs/, or taverns if
    there is none. namegen prints the model to standard error.

    The percentile is the percentage of names in the model's training list that are less likely. In a terminal, the
    color of each letter shows how much it surprises the model, from green (expected) to magenta (surprising). The
    character · marks the end of the name. If the output isn't a terminal, or if NO_COLOR is set, the surprise of each
    letter is printed below the name, in bits.
    """
    names = texts
    if model is None and is_model(texts[0]):
        model, *names = texts
        if not names:
            raise click.UsageError(
                f"{model!r} is a model, and there is no name after it: add a NAME, or pass the model with --model"
            )
        note(f"model: {printable(model)}")
    elif model is None:
        # The first argument may be a mistyped model.
        first = texts[0]
        check_model(first)
        folder = os.path.dirname(first)
        if folder and is_folder(folder, None):
            raise click.UsageError(
                f"{first} isn't a model: pass a run folder, a model file or a built-in model"
            )
        similar = nearest(first, SHIPPED)
        if similar is not None and "-" in first:
            note(f"{first} is scored as a name. Did you mean the model {similar}?")
    loaded = open_blend((model, *more_models), **how)
    if by_label and how["labels"] and len(loaded.labels) == 1:
        raise click.UsageError(
            "--labels compares labels, and a single --label leaves nothing to compare: remove it, or pass several."
        )
    with Display(f"scoring {counted(len(names), 'name')}"):
        scores = [loaded.score(name) for name in names]
        probabilities = [loaded.label_probabilities(name) for name in names] if by_label else None
    entries = [to_dict(score) for score in scores]
    for entry, of_labels in zip(entries, probabilities or (), strict=by_label):
        entry["labels"] = of_labels
        parts = by_part(of_labels)
        if len(parts) > 1:
            entry["parts"] = parts
    document = {"model": loaded.name, "scores": entries}
    if probabilities is None:
        show_result(as_json, document, *_describe_scores(scores))
    else:
        show_result(as_json, document, *_describe_labels(scores, probabilities))


def is_model(text: str) -> bool:
    """Return whether an argument is a built-in model, a run folder, or a file with the right extension.

    Other files and folders don't count, so that a name is treated as a name in every working directory.
    """
    return text in SHIPPED or text.endswith(MODEL_ENDINGS) or is_file(Path(text) / MODEL_FILE, None)


def to_dict(score: NameScore) -> dict[str, object]:
    """Return the JSON object of a name, in nats. The last letter is "", which is the end of the name."""
    letters = zip((*score.name, ""), score.letters, strict=True)
    return {
        "name": score.name,
        "log_probability": score.log_probability,
        "bits_per_char": score.bits_per_char,
        "percentile": score.percentile,
        "letters": [
            {"letter": letter, "log_probability": log_probability}
            for letter, log_probability in letters
        ],
    }


def _describe_labels(
    scores: Sequence[NameScore], probabilities: Sequence[Mapping[str, float]]
) -> list[RenderableType]:
    """List the most likely labels of each name. If labels have several parts, list the values of each part."""
    blocks: list[RenderableType] = []
    for score, of_labels in zip(scores, probabilities, strict=True):
        rows = []
        for part in by_part(of_labels):
            if len(part) == 1:
                continue
            for value, probability in list(part.items())[:MAX_LABELS]:
                rows.append((f"  {printable(value) or 'either'}", percent(probability)))
            others = list(part.values())[MAX_LABELS:]
            if others:
                rows.append((f"  {counted(len(others), 'other')}", percent(sum(others))))
        blocks += [printable(score.name), table(rows), ""]
    return blocks[:-1]


def _describe_scores(scores: Sequence[NameScore]) -> list[RenderableType]:
    """Make a table of the scores, in which letters have colors. Without colors, list the surprise of each letter."""
    from rich.text import Text

    rows: list[tuple[RenderableType, ...]] = []
    lists: list[RenderableType] = []
    for score in scores:
        percentile = "unknown" if score.percentile is None else f"{score.percentile:.0f}"
        values = (f"{score.bits_per_char:.2f}", f"{score.log_probability:.2f}", percentile)
        letters = [SPACE if letter == " " else printable(letter) for letter in score.name]
        bits = [abs(value) / math.log(2) for value in score.letters]
        colored = Text()
        surprises = []
        for letter, surprise in zip((*letters, END), bits, strict=True):
            color = next(color for limit, color in COLORS if surprise <= limit)
            colored.append(letter, color)
            surprises.append((f"  {letter}", f"{surprise:.1f}"))
        rows.append((colored, *values))
        scores_text = ", ".join(map(" ".join, zip(SCORES, values, strict=True)))
        lists += [f"{printable(score.name)}: {scores_text}", table(surprises), ""]
    has_colors = make_console().color_system is not None and not os.environ.get("NO_COLOR")
    if not has_colors or columns() < NARROW:
        return lists[:-1]
    legend = Text("bits of surprise:")
    for limit, color in COLORS:
        legend.append(f"  up to {limit:g}" if limit < math.inf else "  more", color)
    return [table(rows, "name", *SCORES), "", legend]

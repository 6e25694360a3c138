"""``namegen score``: show how likely each letter of a name is."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.opening import open_blend
from namegen.cli.terminal import Notes, aligned, counted, fitted, json_text, percent, printable
from namegen.core.data.label_parts import by_part
from namegen.core.training import MODEL_FILE
from namegen.errors import nearest
from namegen.files import is_file, is_folder
from namegen.models import SHIPPED

if TYPE_CHECKING:
    from namegen.core.evaluation.scoring import NameScore

END = "·"  # marks the end of a name
SPACE = "␣"
MAX_LABELS = 5  # the number of labels shown for each name
MODEL_ENDINGS = (".safetensors", ".tflite")
SCORES = ("bits per character", "log-probability", "percentile")
# Bits of surprise up to which a letter has a color: nearly certain, likely, open, unlikely, very unlikely.
COLORS = ((1.0, "green"), (3.0, "cyan"), (5.0, "yellow"), (8.0, "red"), (math.inf, "magenta"))
BOLD_ABOVE = 8.0  # bits


@options.command(
    "namegen score mlb-last Maddox Garcia", "namegen score --model runs/friends-numpy Ann Bob"
)
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
    texts: tuple[str, ...],
    model: str | None,
    more_models: tuple[str, ...],
    by_label: bool,
    as_json: bool,
    notes: Notes,
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
    model, names = _model_and_names(model, texts, notes)
    loaded = open_blend((model, *more_models), notes, **how)
    if by_label and how["labels"] and len(loaded.labels) == 1:
        raise click.UsageError(
            "--labels compares labels, and a single --label leaves nothing to compare: remove it, or pass several."
        )
    with Display(notes, f"scoring {counted(len(names), 'name')}"):
        scores = [loaded.score(name) for name in names]
        probabilities = [loaded.label_probabilities(name) for name in names] if by_label else None
    if as_json:
        entries = _entries(scores, probabilities)
        click.echo(json_text({"model": loaded.name, "scores": entries}))
    elif probabilities is not None:
        click.echo("\n\n".join(map(likely_labels, scores, probabilities)))
    elif _shows_colors():
        _print_colored(scores)
    else:
        click.echo("\n\n".join(map(plain, scores)))


def _model_and_names(
    model: str | None, texts: Sequence[str], notes: Notes
) -> tuple[str | None, Sequence[str]]:
    """Split the arguments into the model (None for the default one) and the names. Raises UsageError."""
    if model is not None:
        return model, texts
    first, *names = texts
    if not is_model(first):
        _check_first_name(first, notes)
        return None, texts
    if not names:
        raise click.UsageError(
            f"{first!r} is a model, and there is no name after it: add a NAME, or pass the model with --model"
        )
    notes(f"model: {printable(first)}")
    return first, names


def _check_first_name(text: str, notes: Notes) -> None:
    """Check whether the first argument is a mistyped model. Raise UsageError for a path, and print a note otherwise."""
    folder = os.path.dirname(text)
    if folder and is_folder(folder, None):
        raise click.UsageError(
            f"{printable(text)} isn't a model: pass a run folder, a model file or a built-in model"
        )
    similar = nearest(text, SHIPPED)
    if similar is not None and "-" in text:
        notes(f"{printable(text)} is scored as a name. Did you mean the model {similar}?")


def is_model(text: str) -> bool:
    """Return whether an argument is a built-in model, a run folder, or a file with the right extension.

    Other files and folders don't count, so that a name is treated as a name in every working directory.
    """
    return text in SHIPPED or text.endswith(MODEL_ENDINGS) or is_file(Path(text) / MODEL_FILE, None)


def _shows_colors() -> bool:
    """Return whether the output is a terminal that can show colors, and the user hasn't turned them off."""
    is_dumb = os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and not is_dumb


# --- JSON -------------------------------------------------------------------------------------------------------------


def _entries(
    scores: Sequence[NameScore], probabilities: Sequence[Mapping[str, float]] | None
) -> list[dict[str, object]]:
    """Return a JSON object for each name, with the probabilities of its labels if they were requested."""
    entries = [to_dict(score) for score in scores]
    if probabilities is not None:
        for entry, label_probabilities in zip(entries, probabilities, strict=True):
            entry |= _labels_to_dict(label_probabilities)
    return entries


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


def _labels_to_dict(probabilities: Mapping[str, float]) -> dict[str, object]:
    """Return the JSON keys for a name's labels. They include ``parts`` if labels have several parts."""
    parts = by_part(probabilities)
    if len(parts) > 1:
        return {"labels": probabilities, "parts": parts}
    return {"labels": probabilities}


# --- text -------------------------------------------------------------------------------------------------------------


def bits(score: NameScore) -> list[float]:
    """Return how much each letter and the end of a name surprise the model, in bits: −log₂ of its probability."""
    return [-value / math.log(2) + 0.0 for value in score.letters]  # + 0.0 turns −0.0 into 0.0


def likely_labels(score: NameScore, probabilities: Mapping[str, float]) -> str:
    """Show a name with its most likely labels. If labels have several parts, each part is shown."""
    rows = []
    for part in by_part(probabilities):
        if len(part) > 1:
            rows += _label_rows(part)
    return f"{printable(score.name)}\n{aligned(rows)}"


def _label_rows(probabilities: Mapping[str, float]) -> list[tuple[str, str]]:
    """Return the most likely values of one part of the labels, and all other values in one row."""
    labels = list(probabilities.items())
    rows = [
        (f"  {printable(label) or 'either'}", percent(probability))
        for label, probability in labels[:MAX_LABELS]
    ]
    others = labels[MAX_LABELS:]
    if others:
        total = sum(probability for _, probability in others)
        rows.append((f"  {counted(len(others), 'other')}", percent(total)))
    return rows


def score_cells(score: NameScore) -> tuple[str, str, str]:
    """Return the table cells for ``SCORES``."""
    percentile = "unknown" if score.percentile is None else f"{score.percentile:.0f}"
    return f"{score.bits_per_char:.2f}", f"{score.log_probability:.2f}", percentile


def plain(score: NameScore) -> str:
    """Show a name with its scores, and the bits of each letter on a separate line."""
    pairs = zip(SCORES, score_cells(score), strict=True)
    scores = ", ".join(f"{name} {value}" for name, value in pairs)
    rows = [(f"  {letter}", f"{surprise:.1f}") for letter, surprise in _letters(score)]
    return f"{printable(score.name)}: {scores}\n{aligned(rows)}"


def _letters(score: NameScore) -> list[tuple[str, float]]:
    """Return each letter of a name as it's shown, followed by the end, with the surprise in bits."""
    shown = [SPACE if letter == " " else printable(letter) for letter in score.name]
    return list(zip((*shown, END), bits(score), strict=True))


def colored(score: NameScore) -> str:
    """Color each letter of a name by its surprise."""
    text = ""
    for letter, surprise in _letters(score):
        color = next(color for limit, color in COLORS if surprise <= limit)
        is_bold = surprise > BOLD_ABOVE
        text += click.style(letter, fg=color, bold=is_bold or None)
    return text


def _print_colored(scores: Sequence[NameScore]) -> None:
    """Print a table of names with colored letters, and a legend of the colors below it."""
    rows = [(colored(score), *score_cells(score)) for score in scores]
    click.echo(fitted([("name", *SCORES), *rows]))
    legend = []
    for limit, color in COLORS:
        text = f"up to {limit:g}" if limit < math.inf else "more"
        legend.append(click.style(text, fg=color))
    click.echo(f"bits of surprise: {'  '.join(legend)}")

"""``namegen score``: how likely a name is, letter by letter."""

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
from namegen.cli.options import open_blend
from namegen.cli.terminal import Notes, aligned, counted, fitted, json_text, percent, printable
from namegen.core.data.label_parts import by_part
from namegen.core.training import MODEL_FILE
from namegen.files import is_file, is_folder
from namegen.models import SHIPPED

if TYPE_CHECKING:
    from namegen.core.evaluation.scoring import NameScore

END = "·"  # stands for the end of a name
MAX_LABELS = 5  # that are shown for a name
MODEL_ENDINGS = (".safetensors", ".tflite")
FIGURES = ("bits per character", "log-probability", "percentile")
# Bits of surprise up to which a letter has a colour: what was nearly certain, likely, open, unlikely, and beyond.
COLOURS = ((1.0, "green"), (3.0, "cyan"), (5.0, "yellow"), (8.0, "red"), (math.inf, "magenta"))


@options.command(
    "namegen score mlb-last Maddox Garcia", "namegen score --model runs/friends-numpy Ann Bob"
)
@click.argument("texts", nargs=-1, required=True, metavar="[MODEL] NAME...")
@click.option("--model", metavar="MODEL", help="The model to use; every argument is then a name.")
@options.also
@click.option(
    "--labels",
    "by_label",
    is_flag=True,
    help="Show the likeliest labels of each name; of labels of several parts, "
    "such as origin and gender, the likeliest values of each part.",
)
@options.of_models
@options.common
def score(
    texts: tuple[str, ...],
    model: str | None,
    also: tuple[str, ...],
    by_label: bool,
    as_json: bool,
    notes: Notes,
    **how: Any,
) -> None:
    """Say how likely names are for a model, letter by letter.

    The first argument is the MODEL if it is the name of a shipped model, a run folder, or a .safetensors or .tflite
    file. If it is not, every argument is a name, and the model is the newest run under runs/, or mlb-first if there is
    none. Standard error says which model is used.

    The percentile says how many of 100 names of the model's own list are less likely. In a terminal, the colour of each
    letter shows how much it surprises the model, from green (expected) to magenta (surprising); · is the end of the
    name. Elsewhere, or if NO_COLOR is set, the surprise of each letter stands below the name, in bits.
    """
    names: Sequence[str] = texts
    if model is None and is_model(texts[0]):
        model, names = texts[0], texts[1:]
        if not names:
            raise click.UsageError(
                f"{texts[0]!r} is a model, and no name follows: give a NAME behind it, or score it with --model"
            )
        notes(f"model: {printable(model)}")
    elif model is None and (folder := os.path.dirname(texts[0])) and is_folder(folder, None):
        raise click.UsageError(
            f"{printable(texts[0])} is no model: give a run folder, a model file or a shipped model"
        )
    loaded = open_blend((model, *also), notes, **how)
    if by_label and how["labels"] and len(loaded.labels) == 1:
        raise click.UsageError(
            "--labels compares labels, and one --label leaves none to compare: leave it out, or give several."
        )
    with Display(notes, f"scoring {counted(len(names), 'name')}"):
        scores = [loaded.score(name) for name in names]
        chances = [loaded.label_probabilities(name) for name in names] if by_label else []
    if as_json:
        found = [to_dict(score) for score in scores]
        for one, of_name in zip(found, chances, strict=by_label):
            one["labels"] = of_name
            if len(parts := by_part(of_name)) > 1:
                one["parts"] = parts
        click.echo(json_text({"model": loaded.name, "scores": found}))
        return
    if by_label:
        click.echo(
            "\n\n".join(
                likeliest(score, of_name) for score, of_name in zip(scores, chances, strict=True)
            )
        )
    elif (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    ):
        _print_coloured(scores)
    else:
        click.echo("\n\n".join(plain(score) for score in scores))


def is_model(text: str) -> bool:
    """Whether an argument means a model: a shipped one's name, a run folder, or a file by its ending.

    Any other folder or file does not count, so that a name stays a name wherever one works.
    """
    return text in SHIPPED or text.endswith(MODEL_ENDINGS) or is_file(Path(text) / MODEL_FILE, None)


def to_dict(score: NameScore) -> dict[str, object]:
    """The object of one name: nats, the end of the name last among the letters."""
    letters = [
        {"letter": letter, "log_probability": value}
        for letter, value in zip((*score.name, ""), score.letters, strict=True)
    ]
    whole = {
        name: getattr(score, name)
        for name in ("name", "log_probability", "bits_per_char", "percentile")
    }
    return whole | {"letters": letters}


def bits(score: NameScore) -> list[float]:
    """The surprise of each letter and of the end."""
    return [-value / math.log(2) + 0.0 for value in score.letters]


def likeliest(score: NameScore, chances: Mapping[str, float]) -> str:
    """A name with the labels that are likeliest for it, and how likely each is; of several parts, the values of each
    that more than one of these labels leaves open.
    """
    rows = []
    for part in by_part(chances):
        if len(part) > 1:
            some = list(part.items())[:MAX_LABELS]
            rows += [
                (f"  {printable(value) or 'either'}", percent(chance)) for value, chance in some
            ]
        if left := list(part.values())[MAX_LABELS:]:
            rows.append((f"  {len(left)} others", percent(sum(left))))
    return f"{printable(score.name)}\n{aligned(rows)}"


def figures(score: NameScore) -> tuple[str, str, str]:
    """In the order of ``FIGURES``."""
    percentile = "unknown" if score.percentile is None else f"{score.percentile:.0f}"
    return f"{score.bits_per_char:.2f}", f"{score.log_probability:.2f}", percentile


def plain(score: NameScore) -> str:
    """A name with its figures, and a line a letter: the letter, its bits."""
    said = ", ".join(
        f"{what} {figure}" for what, figure in zip(FIGURES, figures(score), strict=True)
    )
    letters = [printable(letter) if letter != " " else "␣" for letter in score.name]
    rows = [
        (f"  {letter}", f"{value:.1f}")
        for letter, value in zip((*letters, END), bits(score), strict=True)
    ]
    return f"{printable(score.name)}: {said}\n{aligned(rows)}"


def coloured(score: NameScore) -> str:
    """The name, each letter in the colour of its surprise."""
    text = ""
    for letter, value in zip((*score.name, END), bits(score), strict=True):
        colour = next(colour for limit, colour in COLOURS if value <= limit)
        shown = "␣" if letter == " " else printable(letter)
        text += click.style(shown, fg=colour, bold=value > COLOURS[-2][0] or None)
    return text


def _print_coloured(scores: Sequence[NameScore]) -> None:
    click.echo(
        fitted([("name", *FIGURES), *((coloured(score), *figures(score)) for score in scores)])
    )
    marks = [f"up to {limit:g}" if limit < math.inf else "more" for limit, _ in COLOURS]
    legend = [
        click.style(mark, fg=colour) for mark, (_, colour) in zip(marks, COLOURS, strict=True)
    ]
    click.echo(f"bits of surprise: {'  '.join(legend)}")

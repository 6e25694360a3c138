"""Train the built-in models, each with the command on its card (`make models`), and write their cards.

For each model, it writes the model, the hashes of its list, its license and its card to ``namegen/models``. The models
on the shelf share one card and one license. It also writes ``docs/reference/models.md``. Training takes minutes, and on
another machine the last digits may be different.

If you pass names of models, it only trains these models. With ``--rules``, it doesn't train, but measures again how
their names are scored. With ``--cards``, it only writes the cards and the page. With
``--check``, it only checks that they are up to date.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from make_base import round_to_half
from model_cards import LABELS_SHOWN, model_card
from model_facts import (
    COMMANDS,
    SHELF_PATH,
    card_path,
    checkpoint_of,
    license_path,
    model_size,
    references,
)
from shelf_card import TABLE_HEAD as SHELF_TABLE_HEAD
from shelf_card import shelf_card, shelf_row

from namegen.api.model import open_checkpoint
from namegen.core.checkpoint.checkpoint import (
    Checkpoint,
    known_names_path,
    read_known_names,
    write_known_names,
)
from namegen.core.data.normalization import KnownSet, hash_names
from namegen.core.data.patterns import patterns_of_list
from namegen.lists import BUNDLED, load_bundled
from namegen.lists.bundled import SHELF
from namegen.models import SHIPPED, shipped_path

ROOT = Path(__file__).parents[2]
COMMON_WORDS = Path(__file__).with_name("common_words.txt")
WITHOUT_COMMON_WORDS = ("world-given", "world-family", "world-places", "mlb-first", "mlb-last")
WITH_OWN_CARD = [name for name in SHIPPED if name not in SHELF]
DOCUMENT = ROOT / "docs" / "reference" / "models.md"
HEAD = """\
# Models and lists

namegen comes with models and the lists they were trained on. A model and its list have the same name, and you
can use that name in any command that takes a model or a list. To see what's available, run `namegen models` or
`namegen lists`.

Each name in the table links to a model card, which describes the model's intended use, limits, bias, training
and license. To see what some of the lists look like, see [The lists](../results/lists.md).

The loss is measured in nats per character on the validation set, a tenth of the names that the network wasn't
trained on. The number in parentheses is the argmax accuracy. The n-gram baseline is the best n-gram model for
the same names, and the ceiling is the best score that any model could achieve. For details, see
[Metrics](../concepts/metrics.md). The size includes the hashes of the names.

| model | list | names (distinct) | network | parameters | kB | loss | n-gram baseline | ceiling |
| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |"""
SHELF_HEAD = """\
## The shelf

These are small models for fiction and games. They share [one model card](../../namegen/models/shelf.md), which
also contains sample names. We wrote the lists for namegen and released both the lists and the models into the
public domain (CC0).
"""

# --- training ---------------------------------------------------------------------------------------------------------


def train_models(names: Sequence[str]) -> None:
    """Train models, and copy each of them with its license into the package."""
    for name in names:
        print(COMMANDS[name], file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder) / name
            command = [sys.executable, "-m", *shlex.split(COMMANDS[name])]
            command += ["--no-plot", "--out", str(run)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            write_model(run / "model.safetensors", name)
        license_path(name).write_text(BUNDLED[name].licence_text, encoding="utf-8")


def write_model(trained: Path, name: str) -> None:
    """Write a trained model into the package, with parameters in 16 bits and rules that are measured for them."""
    target = shipped_path(name)
    known_names = read_known_names(known_names_path(trained))
    if name in WITHOUT_COMMON_WORDS:
        known_names = KnownSet(np.union1d(known_names.numbers, hash_names(common_words())))
    model = replace(
        round_to_half(Checkpoint.load(trained)),
        known_names=known_names,
        patterns=patterns_of_list(load_bundled(name).names),
        score_rules=(),
    )
    scorer = open_checkpoint(model, name).filtering_generator.scorer  # measures the rules
    assert scorer is not None
    replace(model, known_names=known_names.short, score_rules=scorer.rules).save(target)
    write_known_names(known_names_path(target), known_names)


@cache
def common_words() -> list[str]:
    """Return common English words that aren't names of people or places, such as `right` and `water`."""
    lines = COMMON_WORDS.read_text(encoding="utf-8").splitlines()
    listed = {name.casefold() for each in WITHOUT_COMMON_WORDS for name in load_bundled(each).names}
    return [word for word in lines[1:] if word not in listed]


# --- documents --------------------------------------------------------------------------------------------------------


def make_documents() -> dict[Path, str]:
    """Return all cards and the page about models, by path."""
    documents = {DOCUMENT: models_page(), SHELF_PATH.with_suffix(".md"): shelf_card()}
    for name in WITH_OWN_CARD:
        documents[card_path(name)] = model_card(name)
    return documents


def models_page() -> str:
    """Write the page about models and lists."""
    rows = [_model_row(name) for name in WITH_OWN_CARD]
    shelf_rows = [shelf_row(name) for name in SHELF]
    lines = [HEAD, *rows, "", SHELF_HEAD, SHELF_TABLE_HEAD, *shelf_rows]
    return "\n".join(lines) + "\n"


def _model_row(name: str) -> str:
    """Return a model's row in the table of the page."""
    checkpoint = checkpoint_of(name)
    training = checkpoint.training
    cells = [
        f"[{name}](../../namegen/models/{card_path(name).name})",
        BUNDLED[name].description,
        f"{training['names']:,} ({training['distinct_names']:,})",
        checkpoint.network.summary,
        f"{checkpoint.network.parameter_count:,}",
        f"{model_size(name) / 1000:.0f}",
        _format_metrics(training["validation"]),
        _format_metrics(references(name).baseline.metrics.to_dict()),
        _format_metrics(references(name).ceiling.to_dict()),
    ]
    return f"| {' | '.join(cells)} |"


def _format_metrics(metrics: Mapping[str, Any]) -> str:
    """Format a loss, and the argmax accuracy in parentheses."""
    accuracy_percent = 100 * metrics["accuracy_argmax"]
    return f"{metrics['loss_nats_per_char']:.3f} ({accuracy_percent:.1f}%)"


def check_documents() -> int:
    """Print which documents are out of date. Return the exit code."""
    outdated = []
    for path, text in make_documents().items():
        stored_text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if _without_sample_names(stored_text) != _without_sample_names(text):
            outdated.append(str(path.relative_to(ROOT)))
    if outdated:
        print(f"out of date: {', '.join(outdated)}. Run `make docs`.", file=sys.stderr)
    return 1 if outdated else 0


def _without_sample_names(text: str) -> str:
    """Remove the generated names from a document, because they may be different on another machine."""
    # The rest of a paragraph after the command, and the names in lists of labels.
    text = re.sub(r"(?<=--seed 0`: ).*?\n\n", "", text, flags=re.DOTALL)
    labels = "|".join(LABELS_SHOWN)
    return re.sub(rf"^- (?:{labels}): .*\n", "", text, flags=re.MULTILINE)


def main(arguments: list[str]) -> int:
    """Train models, write the cards, or check the cards."""
    options = _parse_arguments(arguments)
    if options.check:
        return check_documents()
    names = options.names or SHIPPED
    if options.rules:
        for name in names:
            write_model(shipped_path(name), name)
    elif not options.cards:
        train_models(names)
    for path, text in make_documents().items():
        path.write_text(text, encoding="utf-8")
    return 0


def _parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="train only these models")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--rules", action="store_true", help="only measure the scores again")
    mode.add_argument("--cards", action="store_true", help="only write the cards and the page")
    mode.add_argument("--check", action="store_true", help="only check that they are up to date")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

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
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from make_base import round_to_half
from model_cards import COMMANDS, ROOT, card_path, make_documents, without_sample_names

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
from namegen.models import SHIPPED, shipped_path

COMMON_WORDS = Path(__file__).with_name("common_words.txt")
WITHOUT_COMMON_WORDS = ("world-given", "world-family", "world-places", "mlb-first", "mlb-last")


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
        license_path = card_path(name).with_suffix(".LICENSE.txt")
        license_path.write_text(BUNDLED[name].licence_text, encoding="utf-8")


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


def main() -> None:
    """Train models, write the cards, or check the cards."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="train only these models")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--rules", action="store_true", help="only measure the scores again")
    mode.add_argument("--cards", action="store_true", help="only write the cards and the page")
    mode.add_argument("--check", action="store_true", help="only check that they are up to date")
    options = parser.parse_args()

    names = options.names or SHIPPED
    if options.rules:
        for name in names:
            write_model(shipped_path(name), name)
    elif not (options.cards or options.check):
        train_models(names)
    outdated = []
    for path, text in make_documents().items():
        if not options.check:
            path.write_text(text, encoding="utf-8")
        elif without_sample_names(path.read_text("utf-8")) != without_sample_names(text):
            outdated.append(str(path.relative_to(ROOT)))
    if outdated:
        sys.exit(f"out of date: {', '.join(outdated)}. Run `make docs`.")


if __name__ == "__main__":
    main()

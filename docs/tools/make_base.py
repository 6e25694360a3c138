"""Train the base that short lists begin from, of the bundled given and family names (a part of `make models`).

Writes ``namegen/models/base.safetensors``, the digests of its names beside it, and its licence. It takes two minutes.
A label is an origin and a kind of name (``Irish given``); no label has so many names that it drowns the others, and
characters that stand in few names are left out. Parameters are rounded to 16 bits: a start needs no more.
"""

from __future__ import annotations

import csv
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from namegen.backends.opening import open_network
from namegen.core.checkpoint.checkpoint import Checkpoint, known_names_path
from namegen.core.evaluation.self_test import self_test_logits
from namegen.lists import BUNDLED
from namegen.models import BASE, shipped_path

COMMAND = (
    "namegen train base.csv --column name --label-column label --cell gru --hidden 128 --epochs 24 --learning-rate "
    "0.006 --label-smoothing 0.3 --recurrent-dropout 0.05 --output-dropout 0 --threads 1"
)
LISTS = ("world-given", "world-family")
FEWEST, MOST = 40, 650  # names of a label
FEWEST_WITH = 20  # names that have a character which is learned
LONGEST = 30  # characters
LARGEST = 520_000  # bytes of all files together


def labelled_names() -> list[tuple[str, str]]:
    """Names and their labels, in an order of chance that is always the same."""
    pairs: set[tuple[str, str]] = set()
    for name in LISTS:
        kind = name.removeprefix("world-")
        with BUNDLED[name].path.open(encoding="utf-8", newline="") as table:
            pairs |= {(row["name"], f"{row['origin']} {kind}") for row in csv.DictReader(table)}
    with_character = Counter(
        character for name in {name for name, _ in pairs} for character in set(name)
    )
    known = {character for character, count in with_character.items() if count >= FEWEST_WITH}
    of_label: dict[str, list[str]] = {}
    for name, label in sorted(pairs):
        if set(name) <= known and len(name) <= LONGEST:
            of_label.setdefault(label, []).append(name)
    rng, chosen = random.Random(0), []
    for label, names in sorted(of_label.items()):
        if len(names) >= FEWEST:
            chosen += [(name, label) for name in rng.sample(names, min(MOST, len(names)))]
    rng.shuffle(chosen)
    return chosen


def rounded(trained: Path, out: Path) -> None:
    """Write a model with parameters of 16 bits, and without what only a model for use needs."""
    model = Checkpoint.load(trained)
    training = {
        **model.training,
        "list": "base",
        "credit": f"{BUNDLED[LISTS[0]].credit}; {BUNDLED[LISTS[0]].licence}",
    }
    base = replace(model, training=training, score_rules=(), ngrams=None, words=None)
    in_half(base).save(out)


def in_half(model: Checkpoint) -> Checkpoint:
    """The same with its parameters rounded to 16 bits."""
    half = {
        name: values.astype(np.float16).astype(np.float32)
        for name, values in model.parameters.items()
    }
    model = replace(model, parameters=half, probe=None)
    return replace(
        model, probe=self_test_logits(open_network(model, BASE), model.network.start_tokens[0])
    )


def main() -> int:
    """Train it, and write its files to where they ship."""
    out = shipped_path(BASE)
    with tempfile.TemporaryDirectory() as folder:
        with (Path(folder) / "base.csv").open("w", encoding="utf-8", newline="") as table:
            csv.writer(table).writerows([("name", "label"), *labelled_names()])
        arguments = [sys.executable, "-m", *shlex.split(COMMAND), "--no-plot", "--out", "run"]
        subprocess.run(arguments, check=True, cwd=folder)
        trained = Path(folder) / "run" / "model.safetensors"
        rounded(trained, out)
        shutil.copyfile(known_names_path(trained), known_names_path(out))
    licence = out.with_suffix(".LICENSE.txt")
    text = BUNDLED[LISTS[0]].licence_text.partition("\n")[2]
    licence.write_text(
        f"The base: a network that has learned names of {' and '.join(LISTS)}.\n{text}",
        encoding="utf-8",
    )
    size = sum(path.stat().st_size for path in (out, known_names_path(out), licence))
    print(f"{size:,} bytes")
    return 0 if size <= LARGEST else 1


if __name__ == "__main__":
    sys.exit(main())

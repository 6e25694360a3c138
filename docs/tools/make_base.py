"""Train the pretrained base model for short lists on all built-in kinds of names (a part of `make models`).

Writes ``namegen/models/base.safetensors``, the hashes of its names, and its license. It takes a few minutes. The names
are given and family names, places, and the lists of single words on the shelf. Each name has a label, such as ``Irish
given``, ``Peru place`` or ``elves``. Labels with many names are limited, so that no label dominates, and names with
rare characters are skipped. Parameters are rounded to 16 bits, because fine-tuning doesn't need a higher precision.
"""

from __future__ import annotations

import csv
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from namegen.backends.opening import open_network
from namegen.core.checkpoint.checkpoint import Checkpoint, known_names_path
from namegen.core.checkpoint.self_test import self_test_logits
from namegen.lists import BUNDLED
from namegen.models import BASE, shipped_path

COMMAND = (
    "namegen train base.csv --column name --label-column label --cell gru --hidden 160 --epochs 24 --learning-rate "
    "0.006 --label-smoothing 0.3 --recurrent-dropout 0.05 --output-dropout 0 --threads 1"
)
TABLES = {  # list → its column of labels, and what is added to each label
    "world-given": ("origin", "given"),
    "world-family": ("origin", "family"),
    "world-places": ("country", "place"),
}
SINGLE_WORDS = (
    "elves",
    "dwarves",
    "orcs",
    "dragons",
    "demons",
    "gods",
    "kingdoms",
    "planets",
    "stars",
)
LISTS = (*TABLES, *SINGLE_WORDS)
MIN_NAMES_OF_LABEL = 40
MAX_NAMES_OF_LABEL = 650
MIN_NAMES_WITH_CHARACTER = 20
MAX_CHARACTERS = 30
MAX_BYTES = 1_500_000  # of the network and its n-grams


def read_names() -> set[tuple[str, str]]:
    """Read the distinct names of the lists, each with its label."""
    labelled_names = set()
    for list_name, (column, kind) in TABLES.items():
        with BUNDLED[list_name].path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                labelled_names.add((row["name"], f"{row[column]} {kind}"))
    for list_name in SINGLE_WORDS:
        for name in BUNDLED[list_name].path.read_text(encoding="utf-8").splitlines():
            labelled_names.add((name, list_name))
    return labelled_names


def training_list() -> list[tuple[str, str]]:
    """Choose the names to train on, each with its label, in a random order that is always the same."""
    labelled_names = read_names()
    counts = Counter[str]()
    for name in {name for name, _ in labelled_names}:
        counts.update(set(name))
    common = {character for character, count in counts.items() if count >= MIN_NAMES_WITH_CHARACTER}
    names_by_label = defaultdict(list)
    for name, label in sorted(labelled_names):
        if common.issuperset(name) and len(name) <= MAX_CHARACTERS:
            names_by_label[label].append(name)

    rng = random.Random(0)
    drawn = []
    for label, names in sorted(names_by_label.items()):
        if len(names) >= MIN_NAMES_OF_LABEL:
            count = min(len(names), MAX_NAMES_OF_LABEL)
            drawn += [(name, label) for name in rng.sample(names, count)]
    rng.shuffle(drawn)
    return drawn


def save_base(trained: Path, target: Path) -> None:
    """Save a trained model with 16-bit parameters, and without the parts that fine-tuning doesn't need."""
    model = Checkpoint.load(trained)
    credits = dict.fromkeys(BUNDLED[name].attribution for name in LISTS)  # each once
    training = {**model.training, "list": "base", "credit": "; ".join(credits)}
    round_to_half(replace(model, training=training, score_rules=())).save(target)


def round_to_half(model: Checkpoint) -> Checkpoint:
    """Return a model with its parameters rounded to 16 bits, and with new self-test logits."""
    rounded_parameters = {}
    for name, values in model.parameters.items():
        rounded_parameters[name] = values.astype(np.float16).astype(np.float32)
    model = replace(model, parameters=rounded_parameters, probe=None)
    network = open_network(model, BASE)
    logits = self_test_logits(network, model.network.start_tokens[0])
    return replace(model, probe=logits)


def write_license(path: Path) -> None:
    """Write the licenses of the lists, below a line about the model."""
    texts = dict.fromkeys(BUNDLED[name].licence_text for name in LISTS)  # each once
    title = f"The base: a network that has learned names of {', '.join(LISTS)}."
    path.write_text("\n".join([f"{title}\n", *texts]), encoding="utf-8")


def main() -> int:
    """Train the model and write its files into the package. Return 1 if they are too large."""
    target = shipped_path(BASE)
    with tempfile.TemporaryDirectory() as folder:
        with Path(folder, "base.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("name", "label"), *training_list()])
        command = [sys.executable, "-m", *shlex.split(COMMAND), "--no-plot", "--out", "run"]
        subprocess.run(command, check=True, cwd=folder)
        trained = Path(folder, "run", "model.safetensors")
        save_base(trained, target)
        shutil.copyfile(known_names_path(trained), known_names_path(target))
    write_license(target.with_suffix(".LICENSE.txt"))
    size = target.stat().st_size
    print(f"{size:,} bytes")
    return 0 if size <= MAX_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())

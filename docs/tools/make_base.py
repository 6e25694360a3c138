"""Train the pretrained base model for short lists on the built-in given and family names (a part of `make models`).

Writes ``namegen/models/base.safetensors``, the hashes of its names, and its license. It takes two minutes. Each name
has an origin and a type as its label, such as ``Irish given``. Labels with many names are limited, so that no label
dominates, and names with rare characters are skipped. Parameters are rounded to 16 bits, because fine-tuning doesn't
need a higher precision.
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
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

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
MIN_NAMES_OF_LABEL = 40
MAX_NAMES_OF_LABEL = 650
MIN_NAMES_WITH_CHARACTER = 20
MAX_CHARACTERS = 30
MAX_BYTES = 520_000  # of all files together


class LabelledName(NamedTuple):
    """A name and its label, a row of the training list."""

    name: str
    label: str


# --- the training list ------------------------------------------------------------------------------------------------


def training_list() -> list[LabelledName]:
    """Choose the names to train on, in a random order that is always the same."""
    labelled_names = read_names()
    common_characters = find_common_characters({each.name for each in labelled_names})
    names_by_label: defaultdict[str, list[str]] = defaultdict(list)
    for name, label in sorted(labelled_names):
        has_common_characters = common_characters.issuperset(name)
        if has_common_characters and len(name) <= MAX_CHARACTERS:
            names_by_label[label].append(name)
    return draw_names(names_by_label)


def read_names() -> set[LabelledName]:
    """Read the distinct names of the lists with their labels."""
    labelled_names = set()
    for list_name in LISTS:
        name_type = list_name.removeprefix("world-")
        with BUNDLED[list_name].path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                label = f"{row['origin']} {name_type}"
                labelled_names.add(LabelledName(row["name"], label))
    return labelled_names


def find_common_characters(names: Iterable[str]) -> set[str]:
    """Return the characters that enough names contain."""
    counts: Counter[str] = Counter()
    for name in names:
        counts.update(set(name))
    return {character for character, count in counts.items() if count >= MIN_NAMES_WITH_CHARACTER}


def draw_names(names_by_label: dict[str, list[str]]) -> list[LabelledName]:
    """Draw a limited number of names of each label, and shuffle them. Skip labels with few names."""
    rng = random.Random(0)
    drawn = []
    for label, names in sorted(names_by_label.items()):
        if len(names) >= MIN_NAMES_OF_LABEL:
            count = min(len(names), MAX_NAMES_OF_LABEL)
            drawn += [LabelledName(name, label) for name in rng.sample(names, count)]
    rng.shuffle(drawn)
    return drawn


# --- the model --------------------------------------------------------------------------------------------------------


def train(folder: Path) -> Path:
    """Train the model in a folder, and return its path."""
    with (folder / "base.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([LabelledName._fields, *training_list()])
    command = [sys.executable, "-m", *shlex.split(COMMAND), "--no-plot", "--out", "run"]
    subprocess.run(command, check=True, cwd=folder)
    return folder / "run" / "model.safetensors"


def save_base(trained: Path, target: Path) -> None:
    """Save a trained model with 16-bit parameters, and without the parts that fine-tuning doesn't need."""
    model = Checkpoint.load(trained)
    bundled = BUNDLED[LISTS[0]]
    training = {**model.training, "list": "base", "credit": f"{bundled.credit}; {bundled.licence}"}
    base = replace(model, training=training, score_rules=(), ngrams=None, words=None)
    round_to_half(base).save(target)


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
    """Write the license of the lists, below a line about the model."""
    _, _, license_text = BUNDLED[LISTS[0]].licence_text.partition("\n")
    title = f"The base: a network that has learned names of {' and '.join(LISTS)}."
    path.write_text(f"{title}\n{license_text}", encoding="utf-8")


def main() -> int:
    """Train the model and write its files into the package. Return 1 if they are too large."""
    target = shipped_path(BASE)
    license_path = target.with_suffix(".LICENSE.txt")
    with tempfile.TemporaryDirectory() as folder:
        trained = train(Path(folder))
        save_base(trained, target)
        shutil.copyfile(known_names_path(trained), known_names_path(target))
    write_license(license_path)
    files = (target, known_names_path(target), license_path)
    size = sum(path.stat().st_size for path in files)
    print(f"{size:,} bytes")
    return 0 if size <= MAX_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())

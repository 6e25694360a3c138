"""Facts about the built-in models, for their cards and for the page about models."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from textwrap import fill

from namegen import api
from namegen.core.checkpoint.checkpoint import Checkpoint, known_names_path
from namegen.core.data.list_parts import ListParts
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.settings import DataSettings
from namegen.lists import load_bundled
from namegen.lists.bundled import SHELF
from namegen.models import shipped_path

WORLD_OPTIONS = "--epochs 90 --label-smoothing 0.4 --recurrent-dropout 0.1 --output-dropout 0"
# Models of unlabelled lists are trained with the default settings. The models of the world are narrower, so that each
# takes half a megabyte. The models on the shelf are small, because there are many of them.
COMMANDS = {
    "mlb-first": "namegen train mlb-first",
    "mlb-last": "namegen train mlb-last",
    "companies": "namegen train companies",
    "japanese-given": "namegen train japanese-given",
    "world-given": f"namegen train world-given --cell gru --hidden 96 {WORLD_OPTIONS}",
    "world-family": f"namegen train world-family --cell gru --hidden 96 {WORLD_OPTIONS}",
    "world-places": f"namegen train world-places --cell gru --hidden 88 {WORLD_OPTIONS}",
    **{name: f"namegen train {name} --base-model none --hidden 64" for name in SHELF},
}
SHELF_PATH = shipped_path("shelf")  # the card and the license have this path with another suffix


@cache
def load(name: str) -> api.LoadedModel:
    """Load a model once."""
    return api.load(name)


def checkpoint_of(name: str) -> Checkpoint:
    """Return the checkpoint of a model."""
    checkpoint = load(name).checkpoint
    assert checkpoint is not None
    return checkpoint


@cache
def references(name: str) -> HeldOutReferences:
    """Return the ceiling and the n-gram baseline on the validation set of a model's list."""
    parts = ListParts.from_corpus(load_bundled(name), DataSettings(), seed=0)
    assert parts.validation is not None
    return HeldOutReferences(parts.validation, parts)


def model_size(name: str) -> int:
    """Return the size of a model and its hashes in bytes."""
    path = shipped_path(name)
    return path.stat().st_size + known_names_path(path).stat().st_size


def card_path(name: str) -> Path:
    """Return the path of a model's card. All models on the shelf share one."""
    path = SHELF_PATH if name in SHELF else shipped_path(name)
    return path.with_suffix(".md")


def license_path(name: str) -> Path:
    """Return the path of a model's license. All models on the shelf share one."""
    return card_path(name).with_suffix(".LICENSE.txt")


def sample_names(name: str) -> str:
    """Return a command and the names that it generates. ``--check`` ignores the names."""
    names = " · ".join(load(name).generate(10, seed=0))
    return wrap_paragraph(f"`namegen generate {name} -n 10 --seed 0`: {names}")


def wrap_paragraph(text: str, indent: str = "") -> str:
    """Wrap a paragraph or a list item."""
    return fill(text, 120, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)

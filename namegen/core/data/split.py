"""The split of a list: which names are held out to validate with, and which are trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import compress

import numpy as np

from namegen.core.settings import SPLITS
from namegen.errors import NamesError, SettingsError, setting
from namegen.escaping import quote
from namegen.types import Array, Bool, Int, Int64

FEWEST_NAMES_TO_SPLIT = 10
_SPLIT_STREAM = int.from_bytes(b"split", "big")  # numbers apart from those that training draws with the same seed


@dataclass(frozen=True)
class Split:
    """A list in two parts: names to train on, and names held out to validate with; both in list order.

    ``seen_percent``: how many of the held-out names (repeats counted) stand in the training part too.
    """

    training: tuple[str, ...]
    validation: tuple[str, ...]
    seen_percent: float


def split_names(names: Sequence[str], validation: float, split: str, seed: int, *, source: str) -> Split:
    """Hold a part of the list out, to validate with; ``choose_held_out`` says how it is chosen, and what is raised."""
    distinct = {name: number for number, name in enumerate(dict.fromkeys(names))}
    name_of = np.fromiter(map(distinct.__getitem__, names), dtype=np.int64, count=len(names))
    held = choose_held_out(list(distinct), name_of, validation, split, seed, source=source)
    return Split(
        training=tuple(compress(names, (~held).tolist())),
        validation=tuple(compress(names, held.tolist())),
        seen_percent=seen_percent(*(np.bincount(name_of[part], minlength=len(distinct)) for part in (~held, held))),
    )


def choose_held_out(
    distinct: Sequence[str],
    name_of: Int[Array, "entries"],
    validation: float,
    split: str,
    seed: int,
    *,
    source: str,
) -> Bool[Array, "entries"]:
    """Which entries of a list to hold out.

    Use ``unique`` to learn how a model does on names that it has never seen: a hash of the name and the seed
    decides for all repeats of a name together, so a name added to the list moves no other, and the share that is
    held out is near the one asked for, not equal to it. Use ``names`` to compare with the original project: single
    entries are drawn, so a repeated name may stand on both sides.

    Args:
        distinct: the different names of the list.
        name_of: which of them each entry is.
        validation: the share of entries to hold out, 0 for none.
        split: ``unique`` or ``names``.
        seed: another seed holds out another part.
        source: what messages call the list.

    Raises:
        NamesError: too few names for two parts.
        SettingsError: a share outside 0 to 1, or an unknown kind of split.
    """
    if not 0 <= validation < 1:
        raise SettingsError(f"{setting('validation')} is {validation!r}: expected a share from 0 to below 1")
    if split not in SPLITS:
        raise SettingsError(f"{setting('split')} is {quote(split)}: expected one of {', '.join(SPLITS)}")
    entries = len(name_of)
    held = np.zeros(entries, dtype=bool)
    if validation == 0:
        return held
    if split == "unique":
        held = _is_held_out(distinct, validation, seed)[name_of]
    else:
        order = np.random.default_rng([seed, _SPLIT_STREAM]).permutation(entries)
        held[order[: round(validation * entries)]] = True
    if entries < FEWEST_NAMES_TO_SPLIT or held.all() or not held.any():
        some = "1 name" if entries == 1 else f"{entries:,} names"
        raise NamesError(
            f"{source} has {some} ({len(distinct):,} distinct), too few to hold out "
            f"{validation:.0%} of them: train on all with {setting('validation', 0)}, or give a longer list"
        )
    return held


def seen_percent(training: Int64[Array, "distinct"], held: Int64[Array, "distinct"]) -> float:
    """How many of a hundred held-out entries stand in the training part too, by how often each name is in each."""
    entries = int(held.sum())
    return 100 * int(held[training > 0].sum()) / entries if entries else 0.0


def _is_held_out(distinct: Sequence[str], share: float, seed: int) -> Bool[Array, "distinct"]:
    """Whether the keyed hash of each name falls into the first ``share`` of its range."""
    limit = int(share * 2**64).to_bytes(8, "big")
    start = blake2b(digest_size=8, key=f"split {seed}".encode())

    def is_held(name: str) -> bool:
        state = start.copy()
        state.update(name.encode("utf-8", "surrogatepass"))
        return state.digest() < limit

    return np.fromiter(map(is_held, distinct), dtype=bool, count=len(distinct))

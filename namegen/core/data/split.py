"""The split of a list: which names are held out to validate with, and which are trained on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import compress

import numpy as np

from namegen.core.settings import SPLITS
from namegen.errors import NamesError, SettingsError, setting
from namegen.escaping import quote

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
    """Hold a part of the list out, to validate with.

    Use ``unique`` to learn how a model does on names that it has never seen: a hash of the name and the seed
    decides for all repeats of a name together, so a name added to the list moves no other, and the share that is
    held out is near the one asked for, not equal to it. Use ``names`` to compare with the original project: single
    entries are drawn, so a repeated name may stand on both sides.

    Args:
        names: the list, repeats included.
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
    if validation == 0:
        return Split(tuple(names), (), 0.0)
    if split == "unique":
        held_out = _held_out_names(names, validation, seed)
        mask = [name in held_out for name in names]
    else:
        chosen = np.zeros(len(names), dtype=bool)
        order = np.random.default_rng([seed, _SPLIT_STREAM]).permutation(len(names))
        chosen[order[: round(validation * len(names))]] = True
        mask = chosen.tolist()
    training = tuple(compress(names, [not held for held in mask]))
    held = tuple(compress(names, mask))
    if len(names) < FEWEST_NAMES_TO_SPLIT or not training or not held:
        some = "1 name" if len(names) == 1 else f"{len(names):,} names"
        raise NamesError(
            f"{source} has {some} ({len(set(names)):,} distinct), too few to hold out "
            f"{validation:.0%} of them: train on all with {setting('validation', 0)}, or give a longer list"
        )
    trained = set(training)
    return Split(training, held, 100 * sum(name in trained for name in held) / len(held))


def _held_out_names(names: Iterable[str], share: float, seed: int) -> set[str]:
    """The distinct names whose keyed hash falls into the first ``share`` of its range."""
    limit = int(share * 2**64).to_bytes(8, "big")
    start = blake2b(digest_size=8, key=f"split {seed}".encode())

    def held(name: str) -> bool:
        state = start.copy()
        state.update(name.encode("utf-8", "surrogatepass"))
        return state.digest() < limit

    return set(filter(held, set(names)))

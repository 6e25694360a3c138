"""The split of a list: which names are trained on, which are held out to choose by, and which to test with."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from namegen.core.settings import DataSettings
from namegen.errors import NamesError, setting
from namegen.types import Array, Int, Int8, Int64

MIN_NAMES_TO_SPLIT = 10
TRAINING, VALIDATION, TEST = 0, 1, 2  # the part of an entry
_SPLIT_STREAM = int.from_bytes(
    b"split", "big"
)  # numbers apart from those that training draws with the same seed


def numbered(names: Sequence[str]) -> tuple[list[str], Int64[Array, "entries"]]:
    """The different names, in the order in which they first occur, and which of them each entry is.

    >>> numbered(["Bo", "Al", "Bo"])[1].tolist()
    [0, 1, 0]
    """
    distinct = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return list(distinct), np.fromiter(
        map(distinct.__getitem__, names), dtype=np.int64, count=len(names)
    )


def choose_parts(
    distinct: Sequence[str],
    name_of: Int[Array, "entries"],
    data: DataSettings,
    *,
    seed: int,
    source: str,
) -> Int8[Array, "entries"]:
    """Which part each entry of a list belongs to: ``TRAINING``, ``VALIDATION`` or ``TEST``.

    Use the split ``unique`` to learn how a model does on names that it has never seen: a hash of the name and the seed
    decides for all repeats of a name together, so a name added to the list moves no other, and the share that is
    held out is near the one asked for, not equal to it. Use ``names`` to compare with the original project: single
    entries are drawn, so a repeated name may stand on both sides. Either way a test part is taken out of what would be
    trained on, and leaves the part to choose by as it is.

    Args:
        distinct: the different names of the list.
        name_of: which of them each entry is.
        data: the shares that are held out, and the split.
        seed: of the split, where ``data`` has none of its own; another one holds out other parts.
        source: what messages call the list.

    Raises:
        NamesError: too few names for the parts.
    """
    validation, test = data.held_out, data.test
    seed = seed if data.split_seed is None else data.split_seed
    entries = len(name_of)
    part_of = np.full(entries, TRAINING, np.int8)
    shares = {part: share for part, share in ((VALIDATION, validation), (TEST, test)) if share > 0}
    if not shares:
        return part_of
    if data.split == "by-name":
        part_of = _parts_by_hash(distinct, validation, test, seed)[name_of]
    else:
        order = np.random.default_rng([seed, _SPLIT_STREAM]).permutation(entries)
        first = round(validation * entries)
        part_of[order[:first]] = VALIDATION
        part_of[order[first : first + round(test * entries)]] = TEST
    wanted = [TRAINING, *shares]
    if entries < MIN_NAMES_TO_SPLIT or not np.isin(wanted, part_of).all():
        some = "1 name" if entries == 1 else f"{entries:,} names"
        without = [
            setting(name, 0)
            for name, share in (("validation", validation), ("test", test))
            if share > 0
        ]
        raise NamesError(
            f"{source} has {some} ({len(distinct):,} distinct), too few to hold out "
            f"{100 * (validation + test):.3g}% of them: train on all with {' '.join(without)}, or give a longer list"
        )
    return part_of


def seen_percent(training: Int64[Array, "distinct"], held: Int64[Array, "distinct"]) -> float:
    """How many of a hundred held-out entries stand in the training part too, by how often each name is in each."""
    entries = int(held.sum())
    return 100 * int(held[training > 0].sum()) / entries if entries else 0.0


def _parts_by_hash(
    distinct: Sequence[str], validation: float, test: float, seed: int
) -> Int8[Array, "distinct"]:
    """By the keyed hash of each name: in the first share of its range to choose by, in the next one to test with."""
    ends = [int(share * 2**64).to_bytes(8, "big") for share in (validation, validation + test)]
    start = blake2b(digest_size=8, key=f"split {seed}".encode())

    def part(name: str) -> int:
        state = start.copy()
        state.update(name.encode("utf-8", "surrogatepass"))
        digest = state.digest()
        return VALIDATION if digest < ends[0] else TEST if digest < ends[1] else TRAINING

    return np.fromiter(map(part, distinct), dtype=np.int8, count=len(distinct))

"""The split of a list into a training set, a validation set and a test set."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from namegen.core.settings import DataSettings
from namegen.errors import NamesError, setting
from namegen.types import Array, Int, Int8, Int64

MIN_NAMES_TO_SPLIT = 10
TRAINING, VALIDATION, TEST = 0, 1, 2  # the set of an entry
# Makes the random numbers of the split independent of those that training draws with the same seed.
_SPLIT_STREAM = int.from_bytes(b"split", "big")


def numbered(names: Sequence[str]) -> tuple[list[str], Int64[Array, "entries"]]:
    """Number the distinct names of a list in the order in which they first occur.

    Returns:
        The distinct names, and the number of each entry's name.

    >>> numbered(["Bo", "Al", "Bo"])[1].tolist()
    [0, 1, 0]
    """
    number = {name: index for index, name in enumerate(dict.fromkeys(names))}
    name_of = np.fromiter(map(number.__getitem__, names), dtype=np.int64, count=len(names))
    return list(number), name_of


def choose_parts(
    distinct: Sequence[str],
    name_of: Int[Array, "entries"],
    data: DataSettings,
    *,
    seed: int,
    source: str,
) -> Int8[Array, "entries"]:
    """Choose the set of each entry of a list: ``TRAINING``, ``VALIDATION`` or ``TEST``.

    Use the split ``by-name`` to measure a model on names that it hasn't seen. A hash of the name and the seed chooses
    the same set for all duplicates of a name. So a new name in the list doesn't move other names, but the sets are only
    about as large as requested. Use ``by-row`` to compare with the original project: entries are drawn at random, so
    duplicates of a name may be in several sets. In both splits, the test set is taken from the training set, and the
    validation set doesn't depend on it.

    Args:
        distinct: The distinct names of the list.
        name_of: The index of each entry's name in ``distinct``.
        data: The shares of the sets, and the kind of split.
        seed: The seed of the split if ``data`` has none. Another seed chooses other sets.
        source: What messages call the list.

    Raises:
        NamesError: The list has too few names.
    """
    shares = {VALIDATION: data.held_out, TEST: data.test}
    wanted = [part for part, share in shares.items() if share > 0]
    if not wanted:
        return np.full(len(name_of), TRAINING, np.int8)
    if data.split_seed is not None:
        seed = data.split_seed
    if data.split == "by-name":
        part_of = _parts_by_hash(distinct, data, seed)[name_of]  # (entries,)
    else:
        part_of = _random_parts(len(name_of), data, seed)  # (entries,)
    has_all_parts = np.isin([TRAINING, *wanted], part_of).all()
    if len(name_of) < MIN_NAMES_TO_SPLIT or not has_all_parts:
        names = "1 name" if len(name_of) == 1 else f"{len(name_of):,} names"
        setting_of = {VALIDATION: "validation", TEST: "test"}
        without = " ".join(setting(setting_of[part], 0) for part in wanted)
        raise NamesError(
            f"{source} has {names} ({len(distinct):,} distinct), too few to hold out "
            f"{100 * sum(shares.values()):.3g}% of them: train on all with {without}, or give a longer list"
        )
    return part_of


def _random_parts(entries: int, data: DataSettings, seed: int) -> Int8[Array, "entries"]:
    shuffled = np.random.default_rng([seed, _SPLIT_STREAM]).permutation(entries)
    validation_end = round(data.held_out * entries)
    test_end = validation_end + round(data.test * entries)
    part_of = np.full(entries, TRAINING, np.int8)
    part_of[shuffled[:validation_end]] = VALIDATION
    part_of[shuffled[validation_end:test_end]] = TEST
    return part_of


def _parts_by_hash(
    distinct: Sequence[str], data: DataSettings, seed: int
) -> Int8[Array, "distinct"]:
    """Split by a keyed hash of each name: the lowest hashes are for validation, the next ones for testing."""
    validation_end = _share_of_hashes(data.held_out)
    test_end = _share_of_hashes(data.held_out + data.test)
    empty = blake2b(digest_size=8, key=f"split {seed}".encode())

    def part(name: str) -> int:
        state = empty.copy()
        state.update(name.encode("utf-8", "surrogatepass"))
        name_hash = state.digest()
        if name_hash < validation_end:
            return VALIDATION
        return TEST if name_hash < test_end else TRAINING

    return np.fromiter(map(part, distinct), dtype=np.int8, count=len(distinct))


def _share_of_hashes(share: float) -> bytes:
    """The end of the lowest hashes that are this share of all hashes."""
    return int(share * 2**64).to_bytes(8, "big")

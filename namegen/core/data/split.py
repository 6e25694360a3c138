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
        data: The shares of the sets, and the type of split.
        seed: The seed of the split if ``data`` has none. Another seed chooses other sets.
        source: What messages call the list.

    Raises:
        NamesError: The list has too few names.
    """
    shares = {VALIDATION: data.validation_share, TEST: data.test}
    held_out_sets = [part for part, share in shares.items() if share > 0]
    part_of = np.full(len(name_of), TRAINING, np.int8)  # (entries,)
    if not held_out_sets:
        return part_of
    if data.split_seed is not None:
        seed = data.split_seed
    if data.split == "by-name":
        part_of = _split_by_hash(distinct, data, seed)[name_of]
    else:
        shuffled = np.random.default_rng([seed, _SPLIT_STREAM]).permutation(len(name_of))
        validation_end = round(data.validation_share * len(name_of))
        test_end = validation_end + round(data.test * len(name_of))
        part_of[shuffled[:validation_end]] = VALIDATION
        part_of[shuffled[validation_end:test_end]] = TEST

    has_all_sets = np.isin([TRAINING, *held_out_sets], part_of).all()
    if len(name_of) < MIN_NAMES_TO_SPLIT or not has_all_sets:
        names = "1 name" if len(name_of) == 1 else f"{len(name_of):,} names"
        percent = 100 * sum(shares.values())
        setting_names = {VALIDATION: "validation", TEST: "test"}
        settings = [setting(setting_names[part], 0) for part in held_out_sets]
        raise NamesError(
            f"{source} has {names} ({len(distinct):,} distinct), too few to hold out {percent:.3g}% of them: "
            f"train on all with {' '.join(settings)}, or give a longer list"
        )
    return part_of


def _split_by_hash(
    distinct: Sequence[str], data: DataSettings, seed: int
) -> Int8[Array, "distinct"]:
    """Split names by a keyed hash (BLAKE2b) of each: the lowest are for validation, the next ones for testing."""
    validation_end = int(data.validation_share * 2**64).to_bytes(8, "big")
    test_end = int((data.validation_share + data.test) * 2**64).to_bytes(8, "big")
    keyed_hash = blake2b(digest_size=8, key=f"split {seed}".encode())
    part_of = np.full(len(distinct), TRAINING, np.int8)
    for index, name in enumerate(distinct):
        name_hash = keyed_hash.copy()
        name_hash.update(name.encode("utf-8", "surrogatepass"))
        digest = name_hash.digest()
        if digest < validation_end:
            part_of[index] = VALIDATION
        elif digest < test_end:
            part_of[index] = TEST
    return part_of

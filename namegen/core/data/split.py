"""The split of a list into a training set, a validation set and a test set."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from namegen.core.settings import DataSettings
from namegen.errors import NamesError, counted, setting
from namegen.types import Array, Int8

MIN_NAMES_TO_SPLIT = 10
TRAINING, VALIDATION, TEST = 0, 1, 2  # the set of an entry
# Makes the random numbers of the split independent of those that training draws with the same seed.
_SPLIT_STREAM = int.from_bytes(b"split", "big")


def choose_parts(
    names: Sequence[str], data: DataSettings, *, seed: int, source: str
) -> Int8[Array, "entries"]:
    """Choose the set of each entry of a list: ``TRAINING``, ``VALIDATION`` or ``TEST``.

    Use the split ``by-name`` to measure a model on names that it hasn't seen. A hash of the name and the seed chooses
    the same set for all duplicates of a name. So a new name in the list doesn't move other names, but the sets are only
    about as large as requested. Use ``by-row`` to compare with the original project: entries are drawn at random, so
    duplicates of a name may be in several sets. In both splits, the test set is taken from the training set, and the
    validation set doesn't depend on it.

    Args:
        names: The list.
        data: The shares of the sets, and the type of split.
        seed: The seed of the split if ``data`` has none. Another seed chooses other sets.
        source: What messages call the list.

    Raises:
        NamesError: The list has too few names.
    """
    shares = {VALIDATION: data.validation_share, TEST: data.test}
    held_out_sets = [part for part, share in shares.items() if share > 0]
    part_of = np.full(len(names), TRAINING, np.int8)  # (entries,)
    if not held_out_sets:
        return part_of
    if data.split_seed is not None:
        seed = data.split_seed
    if data.split == "by-name":
        # The lowest hashes (keyed BLAKE2b) are for validation, and the next ones for testing.
        validation_limit = int(data.validation_share * 2**64).to_bytes(8, "big")
        test_limit = int((data.validation_share + data.test) * 2**64).to_bytes(8, "big")
        keyed_hash = blake2b(digest_size=8, key=f"split {seed}".encode())
        for entry, name in enumerate(names):
            name_hash = keyed_hash.copy()
            name_hash.update(name.encode("utf-8", "surrogatepass"))
            digest = name_hash.digest()
            if digest < validation_limit:
                part_of[entry] = VALIDATION
            elif digest < test_limit:
                part_of[entry] = TEST
    else:
        shuffled = np.random.default_rng([seed, _SPLIT_STREAM]).permutation(len(names))
        validation_end = round(data.validation_share * len(names))
        test_end = validation_end + round(data.test * len(names))
        part_of[shuffled[:validation_end]] = VALIDATION
        part_of[shuffled[validation_end:test_end]] = TEST

    has_all_sets = np.isin([TRAINING, *held_out_sets], part_of).all()
    if len(names) < MIN_NAMES_TO_SPLIT or not has_all_sets:
        percent = 100 * sum(shares.values())
        setting_names = {VALIDATION: "validation", TEST: "test"}
        settings = [setting(setting_names[part], 0) for part in held_out_sets]
        raise NamesError(
            f"{source} has {counted(len(names), 'name')} ({len(set(names)):,} distinct), too few to hold out "
            f"{percent:.3g}% of them: train on all with {' '.join(settings)}, or give a longer list"
        )
    return part_of

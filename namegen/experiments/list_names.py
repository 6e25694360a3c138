"""Lists of a long command: what reports call them, and whether one is long enough to compare anything on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import ceil, log
from pathlib import Path

from namegen.core.data.corpus import Corpus
from namegen.core.settings import DataSettings
from namegen.errors import NamesError, counted


def list_names(sources: Iterable[str]) -> dict[str, str]:
    """Each list by its file, without the folders that would fill sentences and are nobody else's matter; by its whole
    path where two files have one name.

    Args:
        sources: what the lists are called: paths, bundled lists.

    >>> list_names(["mlb-first", "lists/a.txt", "x/b.txt", "y/b.txt"])
    {'mlb-first': 'mlb-first', 'lists/a.txt': 'a.txt', 'x/b.txt': 'x/b.txt', 'y/b.txt': 'y/b.txt'}
    """
    files = {source: Path(source).name or source for source in sources}
    alike = Counter(files.values())
    return {source: name if alike[name] == 1 else source for source, name in files.items()}


SURE = 1_000  # of so many splits of a list that is long enough, at most one leaves a part empty


def enough(validation: float) -> int:
    """How many different names can be split for nearly every seed: a hash of each decides which part it goes to.

    Args:
        validation: the share that is held out, above 0.

    >>> enough(0.2), enough(0.9)
    (40, 70)
    """
    larger = max(validation, 1 - validation)
    return 10 * ceil(log(SURE) / -log(larger) / 10)


def check_long_enough(corpus: Corpus, validation: float, split: str, seed: int) -> None:
    """Split a list as a training will.

    Args:
        corpus: the list.
        validation: the share that is held out.
        split: "names" or "unique".
        seed: of the split.

    Raises:
        NamesError: there are too few names.
    """
    try:
        corpus.split(DataSettings(validation=validation, split=split), seed=seed)
    except NamesError as error:
        names, distinct = counted(len(corpus.names), "name"), len(set(corpus.names))
        raise NamesError(
            f"{corpus.source} has {names} ({distinct:,} distinct), too few to hold out {validation:.0%} and compare "
            f"anything: leave it out, or give a list of at least {enough(validation):,} different names"
        ) from error

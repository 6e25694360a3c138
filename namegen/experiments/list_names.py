"""What reports call lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path


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

"""Whether a list is large enough to hold a part of it out and compare anything by it."""

from __future__ import annotations

from namegen.core.data.corpus import Corpus
from namegen.errors import NamesError


def check_large_enough(corpus: Corpus, validation: float, split: str, seed: int) -> None:
    """Raise NamesError for a list that is too small to split.

    Args:
        corpus: the list.
        validation: the share to hold out.
        split: ``unique`` or ``names``.
        seed: which part is held out.
    """
    try:
        corpus.split(validation, split, seed)
    except NamesError as error:
        raise NamesError(
            f"{corpus.source} has {len(corpus.names):,} names ({len(set(corpus.names)):,} distinct), too few to hold "
            f"out {validation:.0%} of them and compare anything: leave it out, or give a longer list"
        ) from error

"""Whether a list is long enough to compare anything on: asked before the first measurement of a long command."""

from __future__ import annotations

from namegen.core.data.corpus import Corpus
from namegen.errors import NamesError


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
        corpus.split(validation, split, seed)
    except NamesError as error:
        raise NamesError(
            f"{corpus.source} has {len(corpus.names):,} names ({len(set(corpus.names)):,} distinct), too few to hold "
            f"out {validation:.0%} of them and compare anything: leave it out, or give a longer list"
        ) from error

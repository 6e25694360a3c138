"""ListParts: a list, split, as the trees that a training reads and that it is judged by."""

from __future__ import annotations

from dataclasses import dataclass

from namegen.core.data.batching import BatchMaker
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.repeats import names_to_read
from namegen.core.settings import DataSettings


@dataclass(frozen=True, eq=False)
class ListParts:
    """The parts of a list, all over the vocabulary of the whole of it.

    Attributes:
        whole: every entry of the list.
        training: every entry of the training part.
        batches: cuts what an epoch reads: the training part, with fewer repeats where those are damped.
        held_out: the entries that training does not read; None where nothing is held out.
        seen_percent: how many of the held-out entries stand in the training part too.
        damped: whether ``batches`` hold fewer repeats than ``training``.
    """

    whole: PrefixTree
    training: PrefixTree
    batches: BatchMaker
    held_out: PrefixTree | None
    seen_percent: float
    damped: bool

    @classmethod
    def from_corpus(cls, corpus: Corpus, data: DataSettings, *, seed: int) -> ListParts:
        """Split a list as the settings say, and make the tree of each part.

        Raises:
            NamesError: too few names to split.

        >>> corpus = Corpus.from_names(["Al", "Ali", "Bo", "Al", "Cy", "Di", "Ed", "Flo", "Gus", "Hal"])
        >>> parts = ListParts.from_corpus(corpus, DataSettings(validation=0.3, split="names"), seed=0)
        >>> parts.whole.name_count, parts.training.name_count, parts.held_out.name_count
        (10, 7, 3)
        """
        split, vocabulary = corpus.split(data.validation, data.split, seed), corpus.vocabulary
        return cls(
            whole=PrefixTree.from_names(corpus.names, vocabulary),
            training=PrefixTree.from_names(split.training, vocabulary),
            batches=BatchMaker(names_to_read(split.training, data), vocabulary),
            held_out=PrefixTree.from_names(split.validation, vocabulary) if split.validation else None,
            seen_percent=split.seen_percent,
            damped=data.damps_repeats,
        )

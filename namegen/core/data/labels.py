"""Labels: what the names of a list are labelled with, such as their origin; each has a beginning of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from namegen.core.data.corpus import Corpus
from namegen.core.data.vocabulary import Vocabulary
from namegen.errors import SettingsError, nearest, setting
from namegen.escaping import quote

MOST_TOLD = 12  # labels that a message lists


def label_beginnings(corpus: Corpus, vocabulary: Vocabulary, labels: Iterable[str]) -> list[int] | None:
    """What each name of a list begins with: of its label an id of its own, from ``V`` on; None: the list has no labels.

    Args:
        corpus: the list.
        vocabulary: of the model that reads it.
        labels: those that the model knows, in the order of their beginnings; all of the list's are among them.
    """
    if not corpus.labels:
        return None
    place = {label: vocabulary.size + place for place, label in enumerate(labels)}
    return list(map(place.__getitem__, corpus.labels))


def find_label(label: str, labels: Sequence[str], model: str) -> int:
    """The place of a label among those that a model knows; letter case aside where that is enough.

    Raises:
        SettingsError: it is not there; the message says which is nearest, or some that are.
    """
    if label in labels:
        return labels.index(label)
    folded = [known.casefold() for known in labels]
    if folded.count(label.casefold()) == 1:
        return folded.index(label.casefold())
    told = f"{setting('label')} is {quote(label, 60)}"
    if not labels:
        raise SettingsError(
            f"{told}, and {model} knows no labels: leave it out, or give a model of labelled names, such as world-given"
        )
    near = nearest(label, labels)
    some = ", ".join(quote(known, 60) for known in labels[:MOST_TOLD]) + ", …" * (len(labels) > MOST_TOLD)
    expected = f"did you mean {quote(near, 60)}?" if near else f"expected one of {some}"
    raise SettingsError(f"{told}, which {model} does not know: {expected}")

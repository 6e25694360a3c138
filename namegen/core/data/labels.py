"""Labels of names, such as origins: which names of a list keep one, what names begin with by it, and finding one.

A label is a prefix like any other: an id that is read before the first character, in place of the boundary. A label of
several parts, such as an origin and a gender, is one text, a line of a CSV file: ``Finnish,female``, or ``Finnish,``
for a name of either gender.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from namegen.core.data.list_formats import split_parts
from namegen.core.data.vocabulary import BOUNDARY
from namegen.errors import NamesError, SettingsError, nearest, quote, setting
from namegen.types import Array, Float64, Int32


def only_labelled(names: Sequence[str], labels: Sequence[str], source: str) -> tuple[list[str], list[str]]:
    """The names that have a label, and their labels.

    Raises:
        NamesError: there are names, and none has a label.

    >>> only_labelled(["Aino", "Bob"], ["Finnish", ""], "a list")
    (['Aino'], ['Finnish'])
    """
    pairs = [(name, label) for name, label in zip(names, labels, strict=True) if label]
    if names and not pairs:
        raise NamesError(f"{source}: no name has a label: give a column that labels some, or leave it out")
    return [name for name, _ in pairs], [label for _, label in pairs]


@dataclass(frozen=True)
class Beginnings:
    """What is read before a name's first character: the boundary, or of each label an id of its own, from ``V`` on.

    A name has the probability ``p(name) = Σ share · p(name | beginning)``.

    Attributes:
        tokens: their ids, each once.
        shares: the probability of each, which sum to 1.

    Raises:
        SettingsError: no beginning, one that stands twice, or shares that are no distribution over them.

    >>> Beginnings.single()
    Beginnings(tokens=(0,), shares=(1.0,))
    >>> Beginnings.from_counts(54, [30, 10])
    Beginnings(tokens=(54, 55), shares=(0.75, 0.25))
    """

    tokens: tuple[int, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.tokens or len(set(self.tokens)) < len(self.tokens) or min(self.tokens) < 0:
            raise SettingsError(f"the beginnings are {self.tokens}: expected at least one id, each once")
        sound = len(self.shares) == len(self.tokens) and min(self.shares) >= 0 and abs(sum(self.shares) - 1) < 1e-9
        if not sound:
            raise SettingsError(
                f"the shares of the {len(self.tokens)} beginnings are {self.shares}: expected one of at least 0 for "
                "each, which sum to 1"
            )

    @classmethod
    def single(cls, token: int = BOUNDARY) -> Beginnings:
        """One beginning for all names: the boundary, or that of a label that is asked for."""
        return cls((token,), (1.0,))

    @classmethod
    def from_counts(cls, vocabulary_size: int, counts: Sequence[int]) -> Beginnings:
        """Those of a list's labels, by how many names have each; without labels the boundary.

        Args:
            vocabulary_size: ``V``, the id of the first label's beginning.
            counts: names of each label, in the order of their beginnings.

        Raises:
            SettingsError: a count is below 0, or no label has a name.
        """
        if not counts:
            return cls.single()
        total = sum(counts)
        if total < 1 or min(counts) < 0:
            raise SettingsError(f"the labels have {tuple(counts)} names: expected a name with at least one of them")
        tokens = tuple(range(vocabulary_size, vocabulary_size + len(counts)))
        return cls(tokens, tuple(count / total for count in counts))

    def only(self, places: Sequence[int]) -> Beginnings:
        """Some of them, by their places; as likely beside each other as before.

        Raises:
            SettingsError: none of these ever is.

        >>> Beginnings.from_counts(54, [30, 10, 10]).only([1, 2])
        Beginnings(tokens=(55, 56), shares=(0.5, 0.5))
        """
        total = sum(self.shares[place] for place in places)
        if total <= 0:
            raise SettingsError("no name that was learned from has one of these labels: choose others")
        tokens = tuple(self.tokens[place] for place in places)
        return Beginnings(tokens, tuple(self.shares[place] / total for place in places))

    @property
    def several(self) -> bool:
        """Whether there is more than one, so that a name's beginning has to be drawn."""
        return len(self.tokens) > 1

    @property
    def numbers(self) -> int:
        """Uniform numbers that drawing a name's beginning takes: 1, or 0 where there is only one."""
        return int(self.several)

    @property
    def ids(self) -> Int32[Array, "R"]:
        """``tokens`` as a model reads them."""
        return np.array(self.tokens, np.int32)

    @property
    def log_shares(self) -> Float64[Array, "R"]:
        """Logarithms of the shares; −inf for what never is."""
        with np.errstate(divide="ignore"):
            logarithms: Float64[Array, "R"] = np.log(self.shares)
        return logarithms


MOST_TOLD = 12  # labels that a message lists


def parts_of(labels: Sequence[str]) -> list[list[str]]:
    """The parts of a model's labels, each as many as the others; labels that are not so are one part each.

    >>> parts_of(["Finnish,female", "Finnish,"]), parts_of(["Paris, France", "Rome"])
    ([['Finnish', 'female'], ['Finnish', '']], [['Paris, France'], ['Rome']])
    """
    parts = [split_parts(label) for label in labels]
    return parts if {len(one) for one in parts} == {len(parts[0]) if parts else 0} else [[label] for label in labels]


def askable(labels: Sequence[str]) -> list[str]:
    """What can be asked of a model with these labels: the values of each part, then whole labels.

    >>> askable(["Finnish,female", "Finnish,"])
    ['Finnish', 'female', 'Finnish,female', 'Finnish,']
    """
    values = chain.from_iterable(zip(*parts_of(labels), strict=True))
    return list(dict.fromkeys(filter(None, chain(values, labels))))


def by_part(chances: Mapping[str, float]) -> list[dict[str, float]]:
    """The probabilities of each part's values, the likeliest first, from those of whole labels.

    >>> by_part({"Finnish,female": 0.5, "Finnish,": 0.25, "Danish,female": 0.25})
    [{'Finnish': 0.75, 'Danish': 0.25}, {'female': 0.75, '': 0.25}]
    """
    found = []
    for values in zip(*parts_of(list(chances)), strict=True):
        sums: defaultdict[str, float] = defaultdict(float)
        for value, chance in zip(values, chances.values(), strict=True):
            sums[value] += chance
        found.append(dict(sorted(sums.items(), key=lambda one: -one[1])))
    return found


def meant_labels(asked: str, labels: Sequence[str]) -> list[int]:
    """The places of the labels that somebody means: those that have every part that was asked for, and where a label
    leaves a part empty, that counts for all. Letter case aside where that is enough.

    Args:
        asked: a value of any part, or all parts in their order, of which some may be empty: those count for all, too.
        labels: those that a model knows.

    >>> labels = ["Finnish,female", "Finnish,male", "Finnish,", "Danish,female"]
    >>> meant_labels("finnish,female", labels), meant_labels("female", labels), meant_labels("Finish", labels)
    ([0, 2], [0, 2, 3], [])
    """
    columns = list(zip(*parts_of(labels), strict=True))
    if len(columns) == 1 and asked in labels:
        return [labels.index(asked)]
    wanted = [asked] if _value(asked, chain(*columns)) else split_parts(asked)  # a value may hold a comma
    meant = [*range(len(labels))] if any(wanted) else []
    for place, text in enumerate(wanted):
        some = columns[place : place + 1] if len(wanted) == len(columns) else columns
        value = _value(text, chain(*some))
        if text:
            meant = [at for at in meant if any(column[at] in ("", value) for column in some if value in column)]
    return meant


def find_labels(asked: str, labels: Sequence[str], model: str) -> list[int]:
    """The same for a user of a model, which messages call so.

    Raises:
        SettingsError: there are none; the message says what is nearest, or some that can be asked for.
    """
    meant = meant_labels(asked, labels)
    if meant:
        return meant
    told = f"{setting('label')} is {quote(asked, 60)}"
    if not labels:
        raise SettingsError(
            f"{told}, and {model} knows no labels: leave it out, or give a model of labelled names, such as world-given"
        )
    known = askable(labels)
    near = nearest(asked, known)
    some = ", ".join(quote(one, 60) for one in known[:MOST_TOLD]) + ", …" * (len(known) > MOST_TOLD)
    expected = f"did you mean {quote(near, 60)}?" if near else f"expected one of {some}"
    raise SettingsError(f"{told}, which {model} does not know: {expected}")


def _value(text: str, values: Iterable[str]) -> str | None:
    """The one of these that a text is, letter case aside if that is enough."""
    known = {*values}
    alike = {text} & known or {value for value in known if value.casefold() == text.casefold()}
    return alike.pop() if len(alike) == 1 else None

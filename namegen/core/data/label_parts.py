"""Asking for labels: which of a model's labels somebody means, by the whole of them or by a part.

A label of several parts, such as an origin and a gender, is one text, a line of a CSV file: ``Finnish,female``, or
``Finnish,`` for a name of either gender. NumPy is not loaded, so that a shell can complete labels at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, takewhile
from operator import eq, itemgetter

from namegen.core.data.list_formats import split_parts
from namegen.errors import SettingsError, nearest, quote, setting

MOST_TOLD = 12  # labels that a message lists


def parts_of(labels: Sequence[str]) -> list[list[str]]:
    """The parts of a model's labels, each as many as the others; labels that are not so are one part each.

    >>> parts_of(["Finnish,female", "Finnish,"]), parts_of(["Paris, France", "Rome"])
    ([['Finnish', 'female'], ['Finnish', '']], [['Paris, France'], ['Rome']])
    """
    parts = [split_parts(label) for label in labels]
    return (
        parts
        if {len(one) for one in parts} == {len(parts[0]) if parts else 0}
        else [[label] for label in labels]
    )


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
    wanted = (
        [asked] if _value(asked, chain(*columns)) else split_parts(asked)
    )  # a value may hold a comma
    meant = [*range(len(labels))] if any(wanted) else []
    for place, text in enumerate(wanted):
        in_order = len(wanted) == len(columns)
        some = columns[place : place + 1] if in_order else columns
        value = _value(text, chain(*some))
        if text:
            some = [column for column in some if value in column or (in_order and not any(column))]
            meant = [at for at in meant if any(column[at] in ("", value) for column in some)]
    return meant


def find_labels(asked: str, labels: Sequence[str], model: str, name: str = "label") -> list[int]:
    """The same for a user of a model, and of the setting that asks; both are what messages call them.

    Raises:
        SettingsError: there are none; the message says what is nearest, or some that can be asked for.
    """
    meant = meant_labels(asked, labels)
    if meant:
        return meant
    if not labels:
        raise SettingsError(
            f"{setting(name)} is {quote(asked, 60)}, and {model} knows no labels: leave it out, or give a model of "
            "labelled names, such as world-given"
        )
    for values in zip(*parts_of(labels), strict=True):
        refuse_several(name, asked, values)
    raise unknown_label(name, asked, askable(labels), model)


def refuse_several(name: str, asked: str, values: Collection[str]) -> None:
    """Raise SettingsError if what was asked for is several values of one part, with commas between them."""
    parts = split_parts(asked)
    if len(parts) > 1 and all(_value(part, values) for part in parts):
        raise SettingsError(
            f"{setting(name)} is {quote(asked, 60)}, but no name has all of these: give each its own {setting(name)}"
        )


def unknown_label(name: str, asked: str, known: Sequence[str], model: str) -> SettingsError:
    """The error for a label that a model does not know: it says which known one is nearest, or some of them.

    >>> print(unknown_label("origin", "Finish", ["Danish", "Finnish"], "world-given"))
    origin is 'Finish', which world-given does not know: did you mean 'Finnish'?
    """
    near, alike = nearest(asked, known), _begins_alike(asked, known)
    more = len(known) - MOST_TOLD
    some = ", ".join(quote(one, 60) for one in known[:MOST_TOLD]) + f", and {more:,} more" * (
        more > 0
    )
    expected = f"expected {quote(alike, 60) + ' perhaps, or ' if alike else ''}one of {some}"
    expected = f"did you mean {quote(near, 60)}?" if near else expected
    return SettingsError(
        f"{setting(name)} is {quote(asked, 60)}, which {model} does not know: {expected}"
    )


def _begins_alike(asked: str, known: Iterable[str]) -> str | None:
    """The label that shares most letters with a word from its first one on: three at least, and at most five more.

    >>> _begins_alike("Poland", ["Portuguese", "Polish"]), _begins_alike("Portland", ["Portuguese"])
    ('Polish', None)
    """
    alike = [
        (sum(takewhile(bool, map(eq, one.casefold(), asked.casefold()))), one) for one in known
    ]
    letters, found = max(alike, key=itemgetter(0), default=(0, ""))
    return found if letters >= 3 and max(len(asked), len(found)) - letters <= 5 else None


def _value(text: str, values: Iterable[str]) -> str | None:
    """The one of these that a text is, letter case aside if that is enough."""
    known = {*values}
    alike = {text} & known or {value for value in known if value.casefold() == text.casefold()}
    return alike.pop() if len(alike) == 1 else None

"""Requests for labels: find the labels of a model that a user requests, in whole or by one of their parts.

A label with several parts, such as an origin and a gender, is stored as one string, a line of CSV: ``Finnish,female``,
or ``Finnish,`` for a name of both genders. This module doesn't load NumPy, so that shells can complete labels quickly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain

from namegen.core.data.list_formats import split_parts
from namegen.core.data.nearest_origins import NEAREST_ORIGINS
from namegen.errors import SettingsError, nearest, quote, setting

MOST_LISTED = 12  # labels in a message


def parts_of(labels: Sequence[str]) -> list[list[str]]:
    """Split labels into their parts. If they don't all have the same number of parts, each label is one part.

    >>> parts_of(["Finnish,female", "Finnish,"]), parts_of(["Paris, France", "Rome"])
    ([['Finnish', 'female'], ['Finnish', '']], [['Paris, France'], ['Rome']])
    """
    parts = list(map(split_parts, labels))
    if len(set(map(len, parts))) > 1:
        return [[label] for label in labels]
    return parts


def askable(labels: Sequence[str]) -> list[str]:
    """Return what users can request from a model with these labels: the values of each part, then whole labels.

    >>> askable(["Finnish,female", "Finnish,"])
    ['Finnish', 'female', 'Finnish,female', 'Finnish,']
    """
    requests: list[str] = []
    for values in zip(*parts_of(labels), strict=True):
        requests.extend(values)
    requests.extend(labels)
    distinct = dict.fromkeys(requests)
    return [request for request in distinct if request]


def by_part(chances: Mapping[str, float]) -> list[dict[str, float]]:
    """Add up the probabilities of labels for each value of each part.

    Args:
        chances: The probability of each label.

    Returns:
        For each part, the probability of each value, highest first.

    >>> by_part({"Finnish,female": 0.5, "Finnish,": 0.25, "Danish,female": 0.25})
    [{'Finnish': 0.75, 'Danish': 0.25}, {'female': 0.75, '': 0.25}]
    """
    sums_of_parts = []
    for values in zip(*parts_of(list(chances)), strict=True):
        sums: defaultdict[str, float] = defaultdict(float)
        for value, chance in zip(values, chances.values(), strict=True):
            sums[value] += chance
        by_chance = sorted(sums.items(), key=lambda item: -item[1])
        sums_of_parts.append(dict(by_chance))
    return sums_of_parts


def meant_labels(asked: str, labels: Sequence[str]) -> list[int]:
    """Find the labels that have every requested part. Letter case matters only if the request is ambiguous without it.

    If a label leaves a part empty, it has all values of this part.

    Args:
        asked: A value of any part, or all parts in their order. Some of them may be empty, which matches all values.
        labels: The labels of the model.

    Returns:
        The indexes of the labels.

    >>> labels = ["Finnish,female", "Finnish,male", "Finnish,", "Danish,female"]
    >>> meant_labels("finnish,female", labels), meant_labels("female", labels), meant_labels("Finish", labels)
    ([0, 2], [0, 2, 3], [])
    """
    # For each part, the values of all labels, such as (Finnish, Danish) and (female, male).
    columns = list(zip(*parts_of(labels), strict=True))
    if len(columns) == 1 and asked in labels:
        return [labels.index(asked)]
    # A single value may contain commas. Otherwise, commas separate the parts.
    is_value = _matching_value(asked, chain(*columns)) is not None
    requested = [asked] if is_value else split_parts(asked)
    if not any(requested):
        return []
    # Keep the labels that match each requested value.
    has_all_parts = len(requested) == len(columns)
    meant = list(range(len(labels)))
    for index, text in enumerate(requested):
        if not text:  # matches all values
            continue
        if has_all_parts:  # the values are in the order of the parts
            searched = [columns[index]]
            value = _matching_value(text, columns[index])
            if value is None and any(columns[index]):
                return []
        else:  # search all parts that have such a value
            value = _matching_value(text, chain(*columns))
            searched = [column for column in columns if value in column]
        meant = [
            label for label in meant if any(column[label] in ("", value) for column in searched)
        ]
    return meant


def find_labels(asked: str, labels: Sequence[str], model: str, name: str = "label") -> list[int]:
    """Find the labels that have every requested part, like ``meant_labels``.

    Args:
        asked: The request.
        labels: The labels of the model.
        model: What messages call the model.
        name: The setting that has the request.

    Raises:
        SettingsError: There are none. The message suggests the nearest value, or lists some.
    """
    meant = meant_labels(asked, labels)
    if meant:
        return meant
    if not labels:
        raise SettingsError(
            f"{setting(name)} is {quote(asked, 60)}, and {model} has no labels: remove it, or choose a model with "
            "labels, such as world-given"
        )
    for values in zip(*parts_of(labels), strict=True):
        refuse_several(name, asked, values)
    raise unknown_label(name, asked, askable(labels), model=model)


def refuse_several(name: str, asked: str, values: Collection[str]) -> None:
    """Raise SettingsError if a request for a label consists of several values of the same part: `Danish,Finnish`.

    Args:
        name: The setting that has the request.
        asked: The request.
        values: All values of the part.
    """
    parts = split_parts(asked)
    if len(parts) > 1 and all(_matching_value(part, values) for part in parts):
        raise SettingsError(
            f"{setting(name)} is {quote(asked, 60)}, but no name has all of these: give each its own {setting(name)}"
        )


def unknown_label(
    name: str, asked: str, known: Sequence[str], model: str, *, listing: str = ""
) -> SettingsError:
    """Return the error for a label that the model doesn't know. It suggests the nearest labels, or lists some.

    Args:
        name: The setting.
        asked: The label.
        known: The labels of the model.
        model: The model's name.
        listing: How the user can list all labels.

    >>> print(unknown_label("origin", "Finish", ["Danish", "Finnish"], "world-given"))
    origin is 'Finish', which world-given does not know: did you mean 'Finnish'?
    >>> print(unknown_label("origin", "Welsh", ["English", "Finnish", "Irish"], "world-given"))
    origin is 'Welsh', which world-given does not know: try 'English' or 'Irish'
    """
    # Suggest an origin with similar names, or a label that's spelled similarly, or else list the first labels.
    origin, _, _ = asked.casefold().partition(",")
    related = [quote(label) for label in NEAREST_ORIGINS.get(origin, ()) if label in known]
    near = nearest(asked, known)
    if related:
        advice = f"try {' or '.join(related)}"
    elif near:
        advice = f"did you mean {quote(near, 60)}?"
    else:
        listed = ", ".join(quote(label, 60) for label in known[:MOST_LISTED])
        advice = f"expected one of {listed}"
        if len(known) > MOST_LISTED:
            advice += f", and {len(known) - MOST_LISTED:,} more"
    if listing:
        advice += f" ({listing})"
    return SettingsError(
        f"{setting(name)} is {quote(asked, 60)}, which {model} does not know: {advice}"
    )


def _matching_value(text: str, values: Iterable[str]) -> str | None:
    """Return the value that equals a text, or else the only value that equals it regardless of letter case."""
    known = set(values)
    if text in known:
        return text
    alike = [value for value in known if value.casefold() == text.casefold()]
    return alike[0] if len(alike) == 1 else None

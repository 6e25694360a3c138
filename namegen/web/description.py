"""Describe a model in the format that a page or a module contains.

The fields of ``PageDescription`` are the keys of the JSON that JavaScript reads. ``docs/reference/file-formats.md``
explains them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import bytes_to_text
from namegen.core.data.normalization import REMOVAL, SEPARATORS, usual_spellings
from namegen.core.network.architecture import exportable
from namegen.core.network.cells import Formula
from namegen.core.people.families import ALSO_NAMED_LIKE, FEMALE_ENDINGS
from namegen.documents import Json
from namegen.lists import BUNDLED, credit_of
from namegen.lists.claimed import claimed_starts
from namegen.models import GROUP_OF
from namegen.web.arithmetic import OPERATIONS

UnicodeForm: TypeAlias = Literal["NFC", "NFD", "NFKC", "NFKD"]
UNICODE_FORMS: tuple[UnicodeForm, ...] = ("NFC", "NFD", "NFKC", "NFKD")


@dataclass(frozen=True, eq=False)
class PageModel:
    """A model to export to a page or a module."""

    #: Its name in the URL of the page.
    label: str
    #: The model itself.
    checkpoint: Checkpoint
    #: The source and the license of its list. None looks them up for built-in lists.
    credit: str | None = None
    #: Its name on the page, or "" to use the label.
    title: str = ""
    #: The text of the license, which must accompany the model. None looks it up for built-in lists.
    notice: str | None = None
    #: The group of models that the page shows together, such as ``people``. None looks it up for built-in lists.
    group: str | None = None


@dataclass(frozen=True)
class PageDescription:
    """A model in the JSON of a page or a module."""

    #: Its label, which is unique on the page.
    name: str
    #: Its name on the page, which is unique.
    title: str
    #: The group of models that the page shows together, or "" for no group.
    group: str
    #: The source and the license of its list.
    credit: str
    #: The text of the license.
    notice: str
    #: The model's characters that are spaces.
    spaces: str
    #: The model's characters that separate words.
    separators: str
    #: Characters that normalization replaces or removes, with their replacements.
    removal: Mapping[str, str]
    #: Characters that case folding changes, with their folded forms.
    folding: Mapping[str, str]
    #: The words that no new name may start with, one per line.
    claimed: str
    #: For companies, the usual spelling of legal forms and other words, by normalized word.
    spellings: tuple[Mapping[str, str], ...]
    #: For family names of the world, the rules for women's forms, by origin.
    forms: Mapping[str, str]
    #: For family names of the world, the origins whose people also have family names from another origin.
    also_named_like: Mapping[str, str]
    #: What the parts of a label are, such as ``origin`` and ``gender``. Empty for lists that aren't built in.
    label_titles: tuple[str, ...]
    #: The title of the cell.
    cell: str
    #: The cell's operations.
    formula: Formula
    #: The parameters by canonical name, each encoded as text.
    tensors: Mapping[str, str]
    #: Whether the parameters are float16; otherwise they are float32.
    half: bool
    #: All other metadata of the model.
    metadata: Mapping[str, Json]


def describe(label: str, model: PageModel, title: str) -> PageDescription:
    """Describe a model for a page.

    Args:
        label: the unique label of the model.
        model: the model.
        title: the unique title of the model.

    Raises:
        OutputError: the page can't compute the model's cell.
    """
    checkpoint = model.checkpoint
    cell = exportable(checkpoint.network, OPERATIONS, "a page").cell_class
    characters = checkpoint.vocabulary.characters
    removal, folding = normalization_tables(characters)
    separators = [each for each in characters if each.isspace() or each in SEPARATORS]

    # What is known about a built-in list.
    list_name = str(checkpoint.training.get("list", ""))
    has_families = list_name == "world-family"
    group = GROUP_OF.get(list_name, "") if model.group is None else model.group
    bundled = BUNDLED.get(list_name)
    label_column = bundled.label_column if bundled else None
    credit = credit_of(checkpoint.training) if model.credit is None else model.credit
    notice = model.notice
    if notice is None:  # the licenses of all built-in lists in the credit, each once
        credited = [each for each in BUNDLED.values() if each.attribution in credit]
        notice = "\n".join(dict.fromkeys(each.licence_text for each in credited))

    # Half precision is only used if it represents the parameters exactly.
    dtype = "<f2" if checkpoint.is_half else "<f4"
    tensors = {
        name: bytes_to_text(np.asarray(values, dtype).tobytes())
        for name, values in checkpoint.parameters.items()
    }
    return PageDescription(
        name=label,
        title=title,
        group=group,
        credit=credit,
        notice=notice,
        spaces="".join(filter(str.isspace, characters)),
        separators="".join(separators),
        removal=removal,
        folding=folding,
        claimed="\n".join(claimed_starts(list_name)),
        spellings=usual_spellings() if checkpoint.endings else (),
        forms=FEMALE_ENDINGS if has_families else {},
        also_named_like=ALSO_NAMED_LIKE if has_families else {},
        label_titles=tuple(label_column.split(",")) if label_column else (),
        cell=cell.title,
        formula=cell.formula,
        tensors=tensors,
        half=checkpoint.is_half,
        metadata=checkpoint.to_export().to_plain(),
    )


def normalization_tables(characters: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return tables of how normalization changes these characters and all characters that it turns them into.

    JavaScript has no case folding, and a browser might use a different version of Unicode. A table for all of Unicode
    would be larger than most models.

    Returns:
        Two tables that contain only the characters that change: the replacements after removal, and the folded
        characters.

    >>> normalization_tables("Ab-")
    ({'-': ''}, {'A': 'a'})
    """
    # All characters that normalization turns these characters into, in one or more steps.
    reached: set[str] = set()
    pending = set(characters)
    while pending:
        character = pending.pop()
        reached.add(character)
        results = [unicodedata.normalize(form, character) for form in UNICODE_FORMS]
        results += [character.translate(REMOVAL), character.casefold()]
        pending |= set("".join(results)) - reached

    removed = {each: each.translate(REMOVAL) for each in sorted(reached)}
    folded = {each: each.casefold() for each in sorted(reached)}
    removal = {before: after for before, after in removed.items() if after != before}
    folding = {before: after for before, after in folded.items() if after != before}
    return removal, folding


def distinct_labels(labels: Iterable[str]) -> list[str]:
    """Number repeated labels, and replace lone surrogates, which can't be written as UTF-8.

    >>> distinct_labels(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    distinct: list[str] = []
    for label in labels:
        valid = label.encode("utf-8", "replace").decode() or "model"
        candidate = valid
        number = 1
        while candidate in distinct:
            number += 1
            candidate = f"{valid} ({number})"
        distinct.append(candidate)
    return distinct

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
from namegen.types import Array
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
    list_name = checkpoint.training.get("list", "")
    characters = checkpoint.vocabulary.characters
    removal, folding = normalization_tables(characters)
    credit = _find_credit(model)
    return PageDescription(
        name=label,
        title=title,
        group=GROUP_OF.get(list_name, "") if model.group is None else model.group,
        credit=credit,
        notice=_find_notice(model, credit),
        spaces="".join(filter(str.isspace, characters)),
        separators="".join(filter(_is_separator, characters)),
        removal=removal,
        folding=folding,
        claimed="\n".join(claimed_starts(list_name)),
        spellings=_company_spellings(checkpoint),
        forms=_female_forms(list_name),
        also_named_like=ALSO_NAMED_LIKE if list_name == "world-family" else {},
        label_titles=_label_titles(list_name),
        cell=cell.title,
        formula=cell.formula,
        tensors=_encode_tensors(checkpoint),
        half=checkpoint.is_half,
        metadata=checkpoint.to_export().to_plain(),
    )


def _company_spellings(checkpoint: Checkpoint) -> tuple[Mapping[str, str], ...]:
    """Return the usual spellings of words for a model of companies, or an empty result for other models."""
    has_legal_forms = bool(checkpoint.endings)
    return usual_spellings() if has_legal_forms else ()


def _label_titles(list_name: object) -> tuple[str, ...]:
    """Return what the parts of a label are: the titles of the columns that they were read from."""
    bundled = BUNDLED.get(str(list_name))
    column = bundled.label_column if bundled else None
    return tuple(column.split(",")) if column else ()


def _female_forms(list_name: object) -> Mapping[str, str]:
    """Return the rules for women's forms of the world's family names, or an empty result for other lists."""
    return FEMALE_ENDINGS if list_name == "world-family" else {}


def _find_credit(model: PageModel) -> str:
    """Return the source and the license of a model's list."""
    if model.credit is None:
        return credit_of(model.checkpoint.training)
    return model.credit


def _find_notice(model: PageModel, credit: str) -> str:
    """Return the license text of a model's list, or the license texts of all built-in lists in its credit."""
    if model.notice is not None:
        return model.notice
    texts: list[str] = []
    for bundled in BUNDLED.values():
        if bundled.attribution in credit and bundled.licence_text not in texts:
            texts.append(bundled.licence_text)
    return "\n".join(texts)


def _is_separator(character: str) -> bool:
    """Return whether a character separates words."""
    return character.isspace() or character in SEPARATORS


def _encode_tensors(checkpoint: Checkpoint) -> dict[str, str]:
    """Encode the parameters as text, in half precision if that represents them exactly."""
    dtype = "<f2" if checkpoint.is_half else "<f4"
    return {name: _encode_array(values, dtype) for name, values in checkpoint.parameters.items()}


def _encode_array(values: Array, dtype: str) -> str:
    """Convert an array to a type, and encode its bytes as text."""
    return bytes_to_text(np.asarray(values, dtype).tobytes())


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
    removal: dict[str, str] = {}
    folding: dict[str, str] = {}
    for character in sorted(_reachable_characters(characters)):
        removed = character.translate(REMOVAL)
        folded = character.casefold()
        if removed != character:
            removal[character] = removed
        if folded != character:
            folding[character] = folded
    return removal, folding


def _reachable_characters(characters: str) -> set[str]:
    """Return these characters and all characters that normalization turns them into, in one or more steps."""
    reached: set[str] = set()
    pending = set(characters)
    while pending:
        character = pending.pop()
        reached.add(character)
        pending |= _normalized_characters(character) - reached
    return reached


def _normalized_characters(character: str) -> set[str]:
    """Return the characters that one step of normalization turns a character into."""
    results = [unicodedata.normalize(form, character) for form in UNICODE_FORMS]
    results.append(character.translate(REMOVAL))
    results.append(character.casefold())
    return set("".join(results))


def distinct_labels(labels: Iterable[str]) -> list[str]:
    """Number repeated labels, and replace lone surrogates, which can't be written as UTF-8.

    >>> distinct_labels(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    distinct: list[str] = []
    for label in labels:
        valid = label.encode("utf-8", "replace").decode() or "model"
        distinct.append(_number_repeated(valid, distinct))
    return distinct


def _number_repeated(label: str, others: list[str]) -> str:
    """If necessary, add the first number to a label that makes the label unique."""
    candidate = label
    number = 1
    while candidate in others:
        number += 1
        candidate = f"{label} ({number})"
    return candidate

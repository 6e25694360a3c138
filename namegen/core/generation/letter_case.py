"""Letter case: finished names in one way of writing, as about half of the listed companies stand in capitals.

It comes last: a name is drawn, judged by every constraint and found new as it was learned, and then written so. Letter
case never decides whether two names are the same, so what was new and distinct stays so.
"""

from __future__ import annotations

import re
import unicodedata

from namegen.core.data.normalization import (
    NAMES,
    SEPARATORS,
    Normalization,
    bare,
    left,
    usual_spellings,
)
from namegen.core.settings import LETTER_CASES

ORIGINAL = LETTER_CASES[0]
MAX_ACRONYM = 4  # letters of a word in capitals that stays so where other words are in mixed case

_WORD = re.compile(rf"[^\s{SEPARATORS}]+")
_LETTERS = re.compile(r"[^\W\d_]+(?:['’ʼ][^\W\d_]+)*")
_ORDINAL = re.compile(r"(?<=\d)(?:ST|ND|RD|TH)\b")
_ROMAN = re.compile(r"[IVX]{2,}")
_INITIALS = re.compile(r"[^\W\d_]{1,2}(?:&[^\W\d_]{1,2})+")
_VOWEL = re.compile("[AEIOUY]")


def write(name: str, case: str | None, normalization: Normalization = NAMES) -> str:
    """A name in a letter case.

    Args:
        name: as it was learned.
        case: one of ``settings.LETTER_CASES``; with ``title`` see ``title``. None: ``title`` for companies, others as
            learned.
        normalization: the rule of its list, which says whether it is that of a company.

    >>> write("Straße", "upper"), write("AES CORP", "lower"), write("Bob", "original")
    ('STRASSE', 'aes corp', 'Bob')
    """
    if case == ORIGINAL or (case is None and not normalization.endings):
        return name
    if case in ("title", None):
        return title(name, normalization)
    return unicodedata.normalize("NFC", name.upper() if case == "upper" else name.lower())


def title(name: str, normalization: Normalization = NAMES) -> str:
    """A name with a capital at the beginning of each word; a word in mixed case stays as it is.

    A word in capitals gets small letters behind the first, behind an apostrophe too (but O'Reilly, and McDonald); Roman
    numbers stay. Words in small letters get a capital only where the whole name is in small letters.

    Of companies, that is where the rule of the list leaves out endings, those endings are written as usual
    (``legal_forms.txt``), as are words such as `of` (``usual_case.txt``). A word in capitals that has no vowel stays,
    being an acronym; so does a short one that stands beside words in mixed case.

    >>> from namegen.core.data.normalization import normalization_of
    >>> of_companies = normalization_of("company")
    >>> [title(name, of_companies) for name in ("MCDONALD'S CORP", "BANK OF AMERICA CORP", "SHELL PLC", "NVR, INC.")]
    ["McDonald's Corp", 'Bank of America Corp', 'Shell plc', 'NVR, Inc.']
    >>> title("UBS Group AG", of_companies), title("de la Cruz"), title("jean-luc o'neil"), title("JOHN NG III")
    ('UBS Group AG', 'de la Cruz', "Jean-Luc O'Neil", 'John Ng III')
    """
    all_small = name == name.lower()
    if all_small:
        name = "".join(letter if letter == "ß" else letter.upper() for letter in name)
    words = _WORD.findall(name)
    forms = [bare(word) for word in words]
    named = [place for place, form in enumerate(forms) if form]
    kept = left([forms[place] for place in named], *normalization.lookup)
    ending = named[kept] if kept < len(named) else len(words)  # where the legal forms begin
    long = [word for word in words[:ending] if sum(map(str.isalpha, word)) > MAX_ACRONYM]
    mixed = not all(map(_in_capitals, words)) and not any(
        map(_in_capitals, long)
    )  # whether capitals mean something
    is_company = bool(normalization.endings)
    of_endings, of_others = usual_spellings() if is_company else ({}, {})
    places = iter(range(len(words)))

    def written(match: re.Match[str]) -> str:
        word, place = match[0], next(places)
        usual = (of_endings.get(forms[place]) if place >= ending else None) or of_others.get(
            forms[place]
        )
        if not _in_capitals(word) or (place and _ROMAN.fullmatch(word)):
            return word
        if usual is not None and (
            place or usual != forms[place]
        ):  # a small one gets its capital at the beginning
            remaining = iter(usual)  # its own punctuation stays
            return "".join(
                next(remaining, character) if character.isalpha() else character
                for character in word
            )
        if is_company and not all_small and place < ending:
            letters = sum(map(str.isalpha, word))
            if (mixed and letters <= MAX_ACRONYM) or _INITIALS.fullmatch(word):
                return word
        word = _ORDINAL.sub(lambda end: end[0].lower(), word)
        return _LETTERS.sub(
            lambda part: _capitalised(part[0], acronyms=is_company and not all_small), word
        )

    return _WORD.sub(written, name)


def _in_capitals(word: str) -> bool:
    """Whether there is no small letter in it; ß has no other form."""
    plain = word.replace("ß", "")
    return plain == plain.upper()


def _capitalised(letters: str, *, acronyms: bool) -> str:
    """Letters in capitals, perhaps with apostrophes, with one capital; those of an acronym stay."""
    is_acronym = acronyms and letters.isascii() and len(letters) > 1 and not _VOWEL.search(letters)
    if letters == letters.lower() or is_acronym:
        return letters
    parts = re.split("(['’ʼ])", letters)
    for place in range(0, len(parts), 2):
        begins = place == 0 or (place == 2 and len(parts[0]) == 1 and len(parts[2]) > 1)
        parts[place] = _one_capital(parts[place]) if begins else parts[place].lower()
    return "".join(parts)


def _one_capital(word: str) -> str:
    small = word[0] + word.lower()[len(word[0].lower()) :]
    return (
        f"Mc{small[2].upper()}{small[3:]}" if small.startswith("Mc") and len(small) > 4 else small
    )

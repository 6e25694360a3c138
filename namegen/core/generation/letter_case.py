"""Letter case: writes finished names in title case, upper case or lower case.

Some lists write names in several ways; about half of the built-in companies are in capitals. So the letter case is
changed last, after a name has been drawn, has satisfied every constraint and is known to be new. Letter case never
decides whether two names are the same, so names stay new and distinct.
"""

from __future__ import annotations

import re
import unicodedata

from namegen.core.data.normalization import (
    NAMES,
    SEPARATORS,
    Normalization,
    bare,
    usual_spellings,
)
from namegen.core.settings import LETTER_CASES

ORIGINAL = LETTER_CASES[0]
MAX_ACRONYM = 4  # letters of a word in capitals that may be an acronym

_WORD = re.compile(rf"([^\s{SEPARATORS}]+)")
_LETTERS = re.compile(r"[^\W\d_]+(?:['’ʼ][^\W\d_]+)*")
_ORDINAL = re.compile(r"(?<=\d)(?:ST|ND|RD|TH)\b")
_ROMAN = re.compile(r"[IVX]{2,}")
_INITIALS = re.compile(r"[^\W\d_]{1,2}(?:&[^\W\d_]{1,2})+")
_VOWEL = re.compile("[AEIOUY]")


def write(name: str, case: str | None, normalization: Normalization = NAMES) -> str:
    """Write a finished name in title case, upper case or lower case, or leave it as it is.

    Args:
        name: the name as the model gave it.
        case: one of ``settings.LETTER_CASES``; None: ``title`` for companies, ``original`` for other names.
        normalization: the rule of the name's list. It also decides whether the name is a company's.

    >>> write("Straße", "upper"), write("AES CORP", "lower"), write("Bob", "original")
    ('STRASSE', 'aes corp', 'Bob')
    """
    if case is None:
        is_company = bool(normalization.endings)
        case = "title" if is_company else ORIGINAL
    if case == ORIGINAL:
        return name
    if case == "title":
        return title(name, normalization)
    written = name.upper() if case == "upper" else name.lower()
    return unicodedata.normalize("NFC", written)


def title(name: str, normalization: Normalization = NAMES) -> str:
    """Write a name with one capital at the start of each word.

    - Words in mixed case don't change. Words in lower case change only if the whole name is in lower case.
    - Roman numerals stay in capitals.
    - There are more capitals in names such as O'Reilly and McDonald.

    For companies, some words have a usual spelling: legal forms (``legal_forms.txt``) and words such as `of`
    (``usual_case.txt``). Acronyms stay in capitals: words without a vowel, and short words if other words are in mixed
    case.

    Args:
        name: the name.
        normalization: the rule of the name's list; a company's has legal forms.

    >>> from namegen.core.data.normalization import normalization_of
    >>> of_companies = normalization_of("company")
    >>> [title(name, of_companies) for name in ("MCDONALD'S CORP", "BANK OF AMERICA CORP", "SHELL PLC", "NVR, INC.")]
    ["McDonald's Corp", 'Bank of America Corp', 'Shell plc', 'NVR, Inc.']
    >>> title("UBS Group AG", of_companies), title("de la Cruz"), title("jean-luc o'neil"), title("JOHN NG III")
    ('UBS Group AG', 'de la Cruz', "Jean-Luc O'Neil", 'John Ng III')
    """
    is_company = bool(normalization.endings)
    is_lower = name == name.lower()
    if is_lower:
        name = "".join(letter if letter == "ß" else letter.upper() for letter in name)
    separators_and_words = _WORD.split(name)  # in turn
    words = separators_and_words[1::2]
    forms = [bare(word) for word in words]  # each word, normalized; "" for punctuation
    # The index of the first word of the legal form, such as "Inc".
    word_indexes = [index for index, form in enumerate(forms) if form]
    count_before = normalization.words_without_endings([forms[index] for index in word_indexes])
    has_legal_form = count_before < len(word_indexes)
    legal_form = word_indexes[count_before] if has_legal_form else len(words)
    # Capitals mean something if there are also small letters, and no long word is in capitals.
    long_words = [word for word in words[:legal_form] if _letters(word) > MAX_ACRONYM]
    has_small_letters = not all(map(_in_capitals, words))
    is_mixed = has_small_letters and not any(map(_in_capitals, long_words))
    has_acronyms = is_company and not is_lower
    legal_forms, other_words = usual_spellings() if is_company else ({}, {})
    for index, word in enumerate(words):
        is_numeral = index > 0 and _ROMAN.fullmatch(word)
        if is_numeral or not _in_capitals(word):
            continue
        # Some words have a usual spelling; but small words such as `of` have a capital at the start of a name.
        form = forms[index]
        usual = other_words.get(form)
        if index >= legal_form:
            usual = legal_forms.get(form, usual)
        is_short = is_mixed and _letters(word) <= MAX_ACRONYM
        is_acronym = has_acronyms and (is_short or _INITIALS.fullmatch(word) is not None)
        if usual is not None and not (index == 0 and usual == form):
            written = _with_letters(word, usual)
        elif is_acronym and index < legal_form:
            written = word
        else:
            word = _ORDINAL.sub(lambda match: match[0].lower(), word)
            written = _LETTERS.sub(lambda match: _capitalized(match[0], has_acronyms), word)
        separators_and_words[2 * index + 1] = written
    return "".join(separators_and_words)


def _capitalized(letters: str, has_acronyms: bool) -> str:
    """Write letters and apostrophes with one capital, or with two as in O'Reilly. An acronym stays as it is."""
    can_be_pronounced = _VOWEL.search(letters) or not letters.isascii()
    is_acronym = has_acronyms and len(letters) > 1 and not can_be_pronounced
    if is_acronym or letters == letters.lower():
        return letters
    parts = re.split("(['’ʼ])", letters)  # letters and apostrophes, in turn
    is_like_oreilly = len(parts) > 2 and len(parts[0]) == 1 and len(parts[2]) > 1
    capitalized_parts = (0, 2) if is_like_oreilly else (0,)
    written = []
    for index, part in enumerate(parts):
        has_capital = index in capitalized_parts
        written.append(_with_one_capital(part) if has_capital else part.lower())
    return "".join(written)


def _with_letters(word: str, letters: str) -> str:
    """Replace the letters of a word one by one, and keep its punctuation."""
    new_letters = iter(letters)
    return "".join(next(new_letters, char) if char.isalpha() else char for char in word)


def _letters(word: str) -> int:
    """Return the number of letters in a word."""
    return sum(map(str.isalpha, word))


def _in_capitals(word: str) -> bool:
    """Return whether a word has no lower-case letter; ß doesn't count, since it has no capital."""
    without = word.replace("ß", "")
    return without == without.upper()


def _with_one_capital(word: str) -> str:
    """Write a word in capitals with one capital; McDonald has two."""
    # Greek has two small sigmas, so the word is changed as a whole.
    first_letter = word[0]
    in_small_letters = word.lower()
    written = first_letter + in_small_letters[len(first_letter.lower()) :]
    if written.startswith("Mc") and len(written) > 4:
        return f"Mc{written[2].upper()}{written[3:]}"
    return written

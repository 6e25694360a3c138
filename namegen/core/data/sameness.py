"""Sameness: when two names count as one, which is a property of the list that they stand in.

Letter case, spacing and punctuation never count (``digests.py``). Of companies the legal form does not count either:
`Acme Corp.` is no new name beside `ACME INC`. What ``new``, ``distinct`` and ``avoid`` mean goes by this; a model keeps
the rule of its list, so that whoever uses it goes by the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import AnyStr

import numpy as np

from namegen.core.data.digests import REMOVAL, REMOVED_ASCII, digests, digests_of, is_known, normalise
from namegen.errors import SettingsError
from namegen.types import Array, Bool, UInt64

LEGAL_FORMS_FILE = Path(__file__).with_name("legal_forms.txt")
SEPARATORS = ","  # what stands between words, beside white space
_BLOCK_NAMES = 4096
_BLANKS = bytes(code for code in range(128) if (chr(code).isspace() or chr(code) in SEPARATORS) and chr(code) != "\n")
_WORDS = bytes.maketrans(_BLANKS, b" " * len(_BLANKS))
_REMOVED = bytes(code for code in REMOVED_ASCII if code not in _BLANKS)


MOST_ENDINGS, LONGEST_ENDING = 10_000, 100  # the legal forms that come with namegen: 92, of up to 23


@dataclass(frozen=True)
class Sameness:
    """A rule of when two names are the same.

    Endings are left out again and again as long as a word stays: of `The Acme Co., Ltd.` first `Ltd.`, then `Co.`.
    They are whole words, one or several: `Costco` does not end with `co`, and `S. A.` is `SA`.

    Args:
        endings: what does not count at the end of a name, each as ``normalise`` gives it.
            At most MOST_ENDINGS, of at most LONGEST_ENDING characters: all their tails are kept.
        whole_too: a name is also known if it is known with its endings: for digests some of which were made by a rule
            without endings, as those of a blend are.

    >>> companies = sameness_of("companies")
    >>> companies.normalise("The Acme Co., Ltd."), NAMES.normalise("The Acme Co., Ltd."), companies.normalise("Co.")
    ('theacme', 'theacmecoltd', 'co')
    """

    endings: tuple[str, ...] = ()
    whole_too: bool = False

    def __post_init__(self) -> None:
        if len(self.endings) > MOST_ENDINGS or max(map(len, self.endings), default=0) > LONGEST_ENDING:
            raise SettingsError(
                f"the endings that do not count are {len(self.endings):,}, the longest of "
                f"{max(map(len, self.endings)):,} characters: expected at most {MOST_ENDINGS:,}, of at most "
                f"{LONGEST_ENDING} characters"
            )

    @cached_property
    def lookup(self) -> tuple[frozenset[str], frozenset[str]]:
        """The endings, and all that they end with: what cannot grow into one needs no further look."""
        endings = frozenset(filter(None, self.endings))
        return endings, frozenset(ending[place:] for ending in endings for place in range(len(ending)))

    @cached_property
    def _bytes(self) -> tuple[frozenset[bytes], frozenset[bytes]]:
        """The same of those in ASCII."""
        endings, tails = (frozenset(one.encode() for one in texts if one.isascii()) for texts in self.lookup)
        return endings, tails

    def without_endings(self, name: str) -> str:
        """The words of a name that count, with a space between them; none of punctuation alone.

        >>> sameness_of("companies").without_endings("Barnes & Noble L.P.")
        'Barnes Noble'
        """
        if not self.endings:
            return name
        words = [word for word in name.translate(_separated).split() if bare(word)]
        return " ".join(words[: left(list(map(bare, words)), *self.lookup)]) or name

    def normalise(self, name: str) -> str:
        """The form of a name in which nothing is left of what does not count; the same for two names that are one."""
        return normalise(self.without_endings(name))

    def digests(self, names: Iterable[str]) -> UInt64[Array, "names"]:
        """The digest of each name, in the order of the names, repeats kept."""
        if not self.endings:
            return digests(names)
        remaining = iter(names)
        blocks = iter(lambda: list(islice(remaining, _BLOCK_NAMES)), [])
        return digests_of(map(self._normalised, blocks))

    def known_digests(self, names: Iterable[str]) -> UInt64[Array, "known"]:
        """The digests of a list, each once, in rising order: what a checkpoint keeps.

        >>> len(sameness_of("companies").known_digests(["ACME CORP", "Acme, Inc.", "Aramark"]))
        2
        """
        return np.unique(self.digests(dict.fromkeys(names)))

    def are_known(
        self,
        names: Iterable[str],
        known: UInt64[Array, "known"],
        marks: UInt64[Array, "names"] | None = None,
    ) -> Bool[Array, "names"]:
        """Which of the names are among those of known digests.

        Args:
            names: to be read more than once.
            known: as ``known_digests`` makes them: in rising order.
            marks: the digests of the names, where they are made already.
        """
        found = is_known(self.digests(names) if marks is None else marks, known)
        return found | is_known(digests(names), known) if self.whole_too else found

    def _normalised(self, names: Sequence[str]) -> Iterable[bytes]:
        """Names as ``normalise`` gives them, in UTF-8; where all are ASCII, cut into words as bytes."""
        text = "\n".join(names)
        if not text.isascii() or text.count("\n") != len(names) - 1:
            return [self.normalise(name).encode("utf-8", "surrogatepass") for name in names]
        endings, tails = self._bytes
        forms = []
        for line, name in zip(text.lower().encode().translate(_WORDS, _REMOVED).split(b"\n"), names, strict=True):
            words = line.split()
            form = b"".join(words[: left(words, endings, tails)])
            forms.append(form or normalise(name).encode())
        return forms


NAMES = Sameness()


def joint(rules: Iterable[Sameness]) -> Sameness:
    """The rule for names of several lists together: no name is new that one of the lists has by its own rule.

    >>> joint([NAMES, sameness_of("companies")]).whole_too, joint([NAMES, NAMES]) == NAMES
    (True, True)
    """
    different = tuple(dict.fromkeys(rules))
    if len(different) == 1:
        return different[0]
    return Sameness(tuple(sorted({ending for rule in different for ending in rule.endings})), whole_too=True)


_separated = {ord(separator): " " for separator in SEPARATORS}


def bare(word: str) -> str:
    """A word as ``normalise`` gives it; empty where it is nothing but punctuation."""
    return normalise(word).translate(REMOVAL)


def left(words: Sequence[AnyStr], endings: frozenset[AnyStr], tails: frozenset[AnyStr]) -> int:
    """How many words are left without the endings; at least one, if there is one.

    Args:
        words: of a name, normalised.
        endings: each of one or several words, written as one.
        tails: all that endings end with.
    """
    count = len(words)
    while count > 1:
        place = end = count
        joined = words[-1][:0]
        while place > 1 and (joined := words[place - 1] + joined) in tails:
            place -= 1
            if joined in endings:
                end = place
        if end == count:
            break
        count = end
    return count


@cache
def legal_forms() -> tuple[str, ...]:
    """Legal forms of companies as one usually writes them, from ``legal_forms.txt``."""
    lines = LEGAL_FORMS_FILE.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def sameness_of(kind: str) -> Sameness:
    """The rule for a kind of list: one of ``settings.SAMENESSES``."""
    if kind == "names":
        return NAMES
    return Sameness(tuple(sorted({normalise(form) for form in legal_forms()})))

"""Shapes: what the names of a short list look like, so that new names look like them.

A network that learned forty names by heart takes its new ones from the tail of its distribution, where it also gives
``wEber``, ``R--D2`` and ``The Bear and``. So a name has a set of shapes, each a short text, and a new one fits if the
list has all of its shapes. Where many of its names have several words, as those of taverns and heroes, its words are
shapes, too: ``The Prancing Fox`` and not ``The Prancill Fon``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence, Set
from functools import lru_cache
from itertools import chain, pairwise

FEWEST_NAMES = 20  # of fewer, hardly any other name has pairs of characters of theirs alone
MOST_NAMES = 500  # different ones: of more, a network learns the shapes well enough
PHRASES = 0.4  # at least so many names of a list of phrases have several words
UNUSUAL = 20  # one of so many names may be shorter than any new one
SMALL = 4  # letters of the longest part, such as ``of``, that is a shape by itself
SHORT, LONG = 12, 50  # characters: of shorter names it counts how long they are, and of words that are longer
MAX_CONSONANTS = 8  # in a row, that are counted
SIGNS = "Ulda<>=#^$()0123456789 -+|"  # that shapes are written with, beside characters of names


def shapes_of(names: Sequence[str], *, phrases: bool = False) -> frozenset[str]:
    """The shapes of a list's different names, if they are phrases their words; none of a list so long that its names
    need no watching.

    >>> known = shapes_of(["Ix", *(f"Mar{one}" for one in "abcdefghijklmnopqrs")])
    >>> fits("Ma", known), fits("Mara", known)
    (False, True)
    """
    if not 0 < len(names) < MOST_NAMES:
        return frozenset()
    names = [digits_alike(name) for name in names]
    pairs = map(_pairs, names if len(names) >= FEWEST_NAMES else ())
    shorter = {f"<{length}" for length in range(sorted(map(len, names))[len(names) // UNUSUAL] + 1)}
    return frozenset[str]().union(*map(_shapes, names), *pairs, *map(_words, names if phrases else ())) - shorter


def are_phrases(names: Collection[str]) -> bool:
    """Whether many names of a short list have several words, and their beginnings and last words make at least as many
    new names as listed ones.

    >>> are_phrases([f"{place} Street" for place in "ABCDEFGHIJKLMNOPQRST"])
    False
    """
    cut = [name.rpartition(" ") for name in names if " " in name]
    pairs = len({one[0] for one in cut}) * len({one[2] for one in cut})
    return FEWEST_NAMES <= len(names) < MOST_NAMES and len(cut) >= PHRASES * len(names) and pairs >= 2 * len(cut)


def fits(name: str, known: frozenset[str]) -> bool:
    """Whether the list has all shapes of a name.

    >>> known = shapes_of(["Anna", "McCoy", "Bo-Lin", "Annabel of Bath"])
    >>> [name for name in ("Ed-Lin", "wEber", "Annna", "A", "-Anna", "Anna of", "Lrkd", "Anna-of") if fits(name, known)]
    ['Ed-Lin']
    """
    signs, name = _signs(known), digits_alike(name)
    shapes = chain(_shapes(name), _words(name) if "=" in signs else (), _pairs(name) if "+" in signs else ())
    return all(shape in known for shape in shapes)  # most of those that do not fit are out by their first ones


def joint_shapes(lists: Sequence[Collection[str]]) -> frozenset[str]:
    """The shapes that one of some lists has; no pairs, no words, or none at all, where a list has none of these.

    >>> sorted(joint_shapes([{"Ul", "+|A", "= ^Ab"}, {"Ull", "+|b"}])), joint_shapes([{"Ul"}, {}])
    (['+|A', '+|b', 'Ul', 'Ull'], frozenset())
    """
    common = frozenset.intersection(*map(_signs, map(frozenset, lists)))
    return frozenset(shape for known in lists for shape in known if _sign(shape) in common)


def lengths(known: Set[str]) -> tuple[int, int | None]:
    """Characters of the shortest and at most of the longest name with these shapes; None: of any.

    >>> lengths(shapes_of(["Anna", "Bo-Lin", "Annabel of Bath"]))
    (4, 38)
    """
    numbers = {sign: [int(one[1:]) for one in known if re.fullmatch(rf"{sign}\d{{1,3}}", one)] for sign in "<>#"}
    shortest, part = min(numbers["<"], default=SHORT + 1) - 1, max(numbers[">"], default=SHORT - 1) + 1

    def longest(*, first: bool, last: bool) -> int:
        of_place = [one for one in known if (one[:1] == "^", one[-1:] == "$") == (first, last) and not _sign(one)]
        words = [one[first : len(one) - last] for one in of_place]
        return max((len(re.sub("[Ulda]*(?:UU|[lda])[Ulda]*", part * "x", word)) for word in words), default=0)

    most, between = longest(first=True, last=True), max(numbers["#"], default=0) - 1  # of one word; words between two
    if between >= 0:
        ends = longest(first=True, last=False) + longest(first=False, last=True)
        most = max(most, ends + 1 + between * (longest(first=False, last=False) + 1))
    return shortest, most if part < LONG else None


def are_possible(known: Set[str], characters: str, most: int) -> bool:
    """Whether names of these characters, at most so many of them, may have these shapes: any other set no list has.

    >>> known = shapes_of(["Anna", "Bo-Lin"])
    >>> are_possible(known, "Aano-BLi", 12), are_possible({*known, "x"}, "Aano-BLi", 12), are_possible({"<9"}, "A", 12)
    (True, False, False)
    """
    shortest, longest = lengths(known)
    fitting = shortest <= min(most, most if longest is None else longest)
    return fitting and {"#0"} <= known and set(characters + characters.lower() + SIGNS).issuperset("".join(known))


def may_begin(text: str, known: Set[str]) -> bool:
    """Whether a name with these shapes may begin with a text, by the kinds of its characters.

    >>> known = shapes_of(["Anna", "Bo-Lin"])
    >>> [text for text in ("Ma", "M", "ma", "MA", "M'", "Ma-") if may_begin(text, known)]
    ['Ma', 'M', 'Ma-']
    """
    begins = "^" + _coarse(re.split("[ -]", text)[0], capital=False)
    return any(one.startswith(begins) for one in known)


def may_contain(text: str, known: Set[str]) -> bool:
    """Whether a name with these shapes may contain a text, by its pairs of characters, and of phrases by their words.

    >>> known = shapes_of([f"The {kind} {animal}" for kind in ("Old", "Red") for animal in "ABCDEF"], phrases=True)
    >>> [text for text in ("Old", "d B", "e R", "old", "OB", "dO", "ede") if may_contain(text, known)]
    ['Old', 'd B', 'e R']
    """
    signs, words, text = _signs(frozenset(known)), [one for one in known if one[:2] == "= "], digits_alike(text)
    of_words = "=" not in signs or all(any(part in word for word in words) for part in text.split(" "))
    return of_words and ("+" not in signs or all(f"+{one}{other}" in known for one, other in pairwise(text)))


def digits_alike(text: str) -> str:
    """A text with each digit a zero: where the list has numbers, a new name may have others.

    >>> known = shapes_of([f"Kepler-{number} b" for number in range(110, 130)])
    >>> digits_alike("Kepler-786 b"), fits("Kepler-786 b", known), fits("Kepler-78b", known)
    ('Kepler-000 b', True, False)
    """
    return re.sub(r"\d", "0", text)


def kind(character: str) -> str:
    """Upper case, lower case, digit, any other letter or mark; or else itself."""
    if character.isupper() or character.islower():
        return "U" if character.isupper() else "l"
    if character.isdigit():
        return "d"
    return "a" if character.isalpha() or unicodedata.category(character)[0] == "M" else character


def _shapes(name: str) -> Iterator[str]:
    """How short it is; its words, by their places and the kinds of their characters, and how they begin and end where
    letters have no case; how long each part is, up to four characters and beyond twelve; what stands thrice in a row;
    how many Latin consonants do, at which end of a part.

    >>> sorted(shapes_of(["R2-Boo of Bath Hall"]))
    ['#0', '#1', '#2', '#3', '(1', '(1)', '1)', '2)', 'Ud', 'Ul', 'Ul$', 'Ull', 'Ulll', '^Ud-Ul', 'll', 'of']
    """
    words, capital = name.split(" "), name[:1].isupper()
    yield from (f"<{length}" for length in range(len(name) + 1, SHORT + 1))
    yield from (f"={thrice[0]}" for thrice in re.finditer(r"(.)\1\1", name.lower()))
    for place, word in enumerate(words):
        coarse = [_coarse(part, capital) for part in word.split("-")]
        yield from (f"#{place}", "^" * (place == 0) + "-".join(coarse) + "$" * (place == len(words) - 1))
        kinds = "".join(map(kind, word))
        if kinds[:1] == "a":  # without letter case, other letters tell where a word begins and ends
            yield from (f"({word[0]}", f"{word[-1]})")
        for part in re.findall("[Ulda]+", kinds):
            yield from (f">{length}" for length in range(SHORT, min(len(part), LONG)))
            yield re.sub(r"(.)\1{3,}", r"\1\1\1\1", part)
    plain = "".join(one for one in unicodedata.normalize("NFD", name) if unicodedata.category(one)[0] != "M")
    for part in re.findall(r"[^\W\d_]+", plain.lower()):
        for run in re.finditer("[b-df-hj-np-tv-xz]+", part):
            first, last = "(" * (run.start() == 0), ")" * (run.end() == len(part))
            yield from (f"{first}{n}{last}" for n in range(1, min(len(run[0]), MAX_CONSONANTS) + 1))


def _pairs(name: str) -> Iterator[str]:
    """Each pair of characters; the ends of a name count as one.

    >>> list(_pairs("Bo"))
    ['+|B', '+Bo', '+o|']
    """
    return (f"+{one}{other}" for one, other in pairwise(f"|{name}|"))


def _words(name: str) -> Iterator[str]:
    """Each word, by whether it is the first, the last, or if it is a small one between them, which one, and (where
    names begin with capitals) after which word; and whether one comes twice. So a new name has several words: single
    ones would be the list's.

    >>> list(_words("The Fox and Fox"))
    ['= =', '= ^The', '= Fox', '= 2Fox and', '= Fox$']
    """
    words = name.split(" ")
    if len({*words}) < len(words):
        yield "= ="
    for place, word in enumerate(words):
        small = 0 < place < len(words) - 1 and not word[:1].isupper()
        after = f"{place}{f'{words[place - 1]} ' * name[:1].isupper()}" if small else ""
        yield f"= {'^' * (place == 0)}{after}{word}{'$' * (place == len(words) - 1)}"


@lru_cache(maxsize=8)
def _signs(known: frozenset[str]) -> frozenset[str]:
    """What ``_sign`` gives of some shapes, which have a pair that a name begins with if they have any."""
    signs = frozenset(map(_sign, known))
    return signs if any(one[:2] == "+|" for one in known) else signs - {"+"}


def _sign(shape: str) -> str:
    """Of a pair ``+``, of a word ``=``, of any other shape nothing."""
    return shape[0] if (shape[:2] == "= " and len(shape) > 2) or (len(shape) == 3 and shape[0] == "+") else ""


def _coarse(part: str, capital: bool) -> str:
    """A small part of a name with a capital; or else the kinds of characters, runs of them shortened."""
    kinds = "".join(map(kind, part))
    if capital and re.fullmatch(f"l{{1,{SMALL}}}", kinds):
        return part
    return re.sub(r"UU+", "UU", re.sub(r"([lad])\1+", r"\1", kinds))

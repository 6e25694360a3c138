"""What Hypothesis makes attempts of: sentences of the languages that namegen reads, rather than bytes at random.

Each strategy knows a grammar (of regular expressions, wishes, templates, page addresses) and what is said in it, so
that most of what it makes is understood, and the rest is nearly right.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisDeprecationWarning

from tests.strategies import HARD_NAMES

Example = TypeVar("Example")
ROUNDS = 5  # in which a strategy may repeat itself


def sampled(strategy: st.SearchStrategy[Example], count: int) -> list[Example]:
    """So many different things that a strategy makes, the same ones each time; fewer where there are no more.

    ``attack`` runs them in processes of their own, which Hypothesis by itself does not.
    """
    found: dict[str, Example] = {}
    for number in range(ROUNDS):

        @seed(number)
        @settings(
            max_examples=count,
            phases=[Phase.generate],
            database=None,
            suppress_health_check=list(HealthCheck),
            deadline=None,
        )
        @given(strategy)
        def collect(example: Example) -> None:
            found.setdefault(repr(example), example)

        if len(found) < count:
            with warnings.catch_warnings():
                # The type checks of the tests use `random`, which Hypothesis warns of.
                warnings.simplefilter("ignore", HypothesisDeprecationWarning)
                collect()
    return list(found.values())[:count]


# --- regular expressions ----------------------------------------------------------------------------------------------

LETTERS = "Aab"  # of the names that expressions are asked of
REPEATS = ("*", "+", "?", "{2}", "{1,2}", "{,2}", "{2,}", "{0}")
# Single characters, and what stands between two of them: understood alike by `re` and by `regex`.
PIECES = (
    "a",
    "b",
    "A",
    ".",
    "[ab]",
    "[^a]",
    "[a-b]",
    "[A-Za]",
    r"\w",
    r"\W",
    r"\d",
    r"\D",
    r"\S",
    r"\.",
    "[.b]",
    r"[^\w]",
)
PLACES = ("^", "$", r"\b", r"\B", r"\A", r"\Z", "(?=a)", "(?!b)", "(?<=a)", "(?<!b)", "(?=.*b)", "(?!.*aa)")


def _longer(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, min_size=1, max_size=3)
    group = st.sampled_from(("({})", "(?:{})", "(?i:{})", "(?={})", "(?!{})", "(?>{})", "(?-i:{})"))
    return st.one_of(
        several.map("".join),
        several.map("|".join).map("(?:{})".format),
        st.builds(lambda form, part: form.replace("{}", part), group, inner),
        st.builds(
            lambda part, repeat, kind: f"(?:{part}){repeat}{kind}",
            inner,
            st.sampled_from(REPEATS),
            st.sampled_from(("", "", "?", "+")),
        ),
    )


shared_expressions = st.builds(
    "{}{}{}".format,
    st.sampled_from(("", "", "", "(?i)", "(?s)", "(?m)", "(?a)")),
    st.recursive(st.sampled_from(PIECES) | st.sampled_from(PLACES), _longer, max_leaves=8),
    st.sampled_from(("", "", "", r"(.)\1", "(?P<x>a|b)(?P=x)", "$", "|a")),
)
# What `re` does not know, what no library knows, and what takes its matcher very long.
WILD = (
    r"\p{L}",
    "\U0001f600",
    r"\1",
    "(?<=a)",
    "(?R)",
    "(?P<x>a)",
    r"\K",
    r"\X",
    "[[a]--[b]]",
    "(?e)(a){e<=2}",
    "(",
    ")",
)
WILD += ("[", "]", "{", "\\", "*", "\0", "\n", "\u202e", "(?x) a # b", r"\N{BULLET}", "a{99999999}", "a{2,1}")
WILD += ("([a-zA-Z]+)*1", "(a|a)*b", "(.*)*x", "(a?){40}a{40}", "(.+.+)+!", "(?:(?:n+)+)+$a", r"(\w*)*\d")
wild_expressions = st.lists(st.sampled_from(WILD) | shared_expressions, min_size=1, max_size=4).map("".join)
# None is empty: no name is, and Python before 3.14 has it that nothing is not even no boundary (``\\B``).
short_names = st.text(f"{LETTERS}.1é \n", min_size=1, max_size=5)

# --- wishes -----------------------------------------------------------------------------------------------------------

texts = st.text("ab", max_size=2)
combined_wishes: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "starts_with": texts,
        "ends_with": texts,
        "contains": texts,
        "matches": shared_expressions,
        "min_length": st.integers(1, 4),
        "banned": st.lists(st.text("abA. ", max_size=2), max_size=2),
        "avoid": st.lists(st.text("abA", max_size=3), max_size=3),
        "min_distance": st.integers(1, 3),
    },
)

HARD_TEXTS = ("", "a", "Ann", " ", "\0", "\n", "\x1b[31m", "\u202e", "x" * 100_000, "é" * 3000, "a" * 40, "\ud800")
hard_texts = st.sampled_from(HARD_TEXTS)
wild_wishes: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("starts_with", "ends_with", "contains"), hard_texts),
        "matches": wild_expressions,
        "min_length": st.sampled_from((-1, 0, 1, 5, 999, 10**6, 2**63, 10**400)),
        **dict.fromkeys(("banned", "avoid"), st.lists(hard_texts, max_size=3)),
        "min_distance": st.integers(-1, 4),
    },
)

# --- templates of people ----------------------------------------------------------------------------------------------

any_text = st.one_of(st.sampled_from(HARD_NAMES), st.text(st.characters(exclude_categories=("Cs",)), max_size=12))
_FIELDS = ("given", "family", "origin")
_holes = st.one_of(
    st.sampled_from([f"{{{name}}}" for name in _FIELDS]),
    st.sampled_from([f"{{{name}}}" for name in _FIELDS]),
    st.builds(
        "{{{}{}{}}}".format,
        st.sampled_from((*_FIELDS, "", "0", "Given", "given ")),
        st.sampled_from(("", "", "!r", "!", ".real", "[0]", ".__class__.__mro__")),
        st.sampled_from(("", "", ":", ":>9", ":{given}", ":>99999999999", ":%Y")),
    ),
)
templates = st.lists(st.one_of(_holes, st.sampled_from(("{{", "}}", "{", "}", ", ")), any_text), max_size=6).map(
    "".join
)


def braces(template: str, values: Mapping[str, str]) -> str | None:
    """A template filled in by hand, one character after the other; None: it is not one that is allowed."""
    out, place, named = [], 0, set()
    while place < len(template):
        if template[place : place + 2] in ("{{", "}}"):
            out.append(template[place])
            place += 2
        elif template[place] == "}":
            return None
        elif template[place] == "{":
            end = template.find("}", place)
            name = template[place + 1 : end].removesuffix(":") if end > 0 else ""
            if name not in values:
                return None
            out.append(values[name])
            named.add(name)
            place = end + 1
        else:
            out.append(template[place])
            place += 1
    return "".join(out) if named & {"given", "family"} else None


# --- addresses of a page ----------------------------------------------------------------------------------------------

PAGE_KEYS = (
    *("model", "label", "with", "withlabel", "share", "seed", "n", "temperature"),
    *("first", "contains", "ends", "shortest", "longest", "new"),
)
_page_numbers = st.one_of(
    st.integers(-2, 60).map(str),
    st.floats().map(repr),
    st.sampled_from(
        ("1e3", "0x10", "0b1", "Infinity", "-Infinity", "NaN", " 7 ", "٣", "1_000", "9" * 400, "4294967295",
         "4294967296", "1.9999999999999999", "-0", "1n", "[7]", "null", "\n5\t", "+5", "5e-324", ".5", "5.", "١")
    ),
)  # fmt: skip


def _written(pairs: list[tuple[str, str]], quoting: Callable[[str], str]) -> str:
    return "#" + "&".join(f"{key}={quoting(value)}" for key, value in pairs)


def page_addresses(models: tuple[str, ...], labels: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Addresses of a page of these models: keys that there are and others, each with what it takes and other things."""
    odd = ("any", "__proto__", "constructor", "toString", "%", "%zz", "%ff%fe", "+", "<img src=x onerror=alert(1)>")
    texts = st.sampled_from((*models, *labels, *odd, "&amp;", "\u202eabc", "\U0001f600" * 30, "x" * 5000)) | any_text
    of_models = st.tuples(st.sampled_from(("model", "with")), st.sampled_from(models))
    of_labels = st.tuples(st.sampled_from(("label", "withlabel")), st.sampled_from(labels))
    others = st.tuples(st.sampled_from((*PAGE_KEYS, "MODEL", "__proto__", "")) | any_text, texts | _page_numbers)
    quoting = st.sampled_from((quote, quote_plus, str, lambda text: text.replace("%", "%25")))
    pairs = st.lists(st.one_of(of_models, of_labels, others), max_size=7)
    return st.builds(_written, pairs, quoting) | st.text(st.characters(exclude_categories=("Cs",))).map("#".__add__)

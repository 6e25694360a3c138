"""The names that Hypothesis generates."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

HARD_NAMES = (
    "",  # lists can't contain it, but trees can
    "x",
    "  ",
    "Zoë",  # a composed character
    "Zoe\u0308",  # the same name with a combining mark
    "שרה",
    "عبد الله",
    "\u202eevil",  # reverses the direction of the text
    "👩‍👩‍👧",  # one emoji, five code points
    "𝔄",  # beyond the first 65,536
    "\U0010ffff",
    "a^b$c#",
    "a\nb",
    "\0",
    "a\0",
    "ß",
    "O'Neil-Łukasz, Jr.",
)

# Few different characters, so names have the same prefixes.
alike = st.text(alphabet="aAb", max_size=5)
any_name = st.one_of(alike, st.sampled_from(HARD_NAMES), st.text(max_size=8))
names_lists = st.lists(any_name, min_size=1, max_size=25)

# Names as lists contain them: composed, trimmed, and without control characters.
clean_name = (
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
    .map(lambda name: unicodedata.normalize("NFC", name.strip()))
    .filter(lambda name: name.strip() == name != "")
)
clean_lists = st.lists(clean_name, min_size=1, max_size=40)

# Names, each with one of three labels.
labelled_lists = st.lists(
    st.tuples(st.integers(0, 2), st.one_of(alike, any_name)), min_size=1, max_size=15
)

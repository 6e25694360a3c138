"""What Hypothesis draws names from."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

HARD_NAMES = (
    "",  # no list that is read holds it, but a tree can
    "x",
    "  ",
    "Zoë",  # composed
    "Zoe\u0308",  # the same with a combining mark
    "שרה",
    "عبد الله",
    "\u202eevil",  # an override of the direction of writing
    "👩‍👩‍👧",  # one picture, five code points
    "𝔄",  # beyond the first 65,536
    "\U0010ffff",
    "a^b$c#",
    "a\nb",
    "\0",
    "a\0",
    "ß",
    "O'Neil-Łukasz, Jr.",
)

# Few characters, so that prefixes are shared.
alike = st.text(alphabet="aAb", max_size=5)
any_name = st.one_of(alike, st.sampled_from(HARD_NAMES), st.text(max_size=8))
names_lists = st.lists(any_name, min_size=1, max_size=25)

# As a list holds them: composed, trimmed, without control characters.
clean_name = (
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
    .map(lambda name: unicodedata.normalize("NFC", name.strip()))
    .filter(lambda name: name.strip() == name != "")
)
clean_lists = st.lists(clean_name, min_size=1, max_size=40)

# Names with the label of each, of three.
labelled_lists = st.lists(
    st.tuples(st.integers(0, 2), st.one_of(alike, any_name)), min_size=1, max_size=15
)

"""Constraint: the base class of everything that a search can require of names.

To add a constraint, write a class like those in this folder, and add

1. an option to ``GenerationRequest``;
2. the class to ``Generator.prepare``, which decides when it's checked;
3. a row to the table in ``docs/guides/generate.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import compress
from typing import ClassVar, TypeAlias

import numpy as np

from namegen.core.data.normalization import NAMES, KnownSet, Normalization
from namegen.core.generation.request import GenerationRequest
from namegen.types import Array, Bool, Int32, Int64, UInt64

Tokens: TypeAlias = Int32[Array, "K depth"]  # prefixes, or names, of one length
States: TypeAlias = Int64[Array, "K"]  # what a constraint remembers about each of them
Rejected: TypeAlias = Bool[Array, "K"]  # which of them a constraint rejects

# A placeholder for advice about sampling settings that give the model more choice.
MORE_VARIETY = "more variety"


class Finished:
    """Distinct finished names with their hashes. Names with the same hash count as equal.

    >>> names = Finished(["Anna", "Bob"])
    >>> names.select(names.hashes == names.hashes[1]).names
    ['Bob']
    """

    def __init__(self, names: Sequence[str], normalization: Normalization = NAMES) -> None:
        self.names = names
        self.normalization = normalization

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def hashes(self) -> UInt64[Array, "names"]:
        """The hashes. They're computed on first use, because hashing a name takes about as long as drawing it."""
        return self.normalization.hash_names(self.names)

    def are_known(self, known: KnownSet) -> Bool[Array, "names"]:
        """Return which names are in a set of known names."""
        return self.normalization.are_known(self.names, known, self.hashes)

    def select(self, keep: Bool[Array, "names"]) -> Finished:
        """Return some of the names. Hashes that are known already aren't computed again."""
        names = list(compress(self.names, keep.tolist()))
        selected = Finished(names, self.normalization)
        has_hashes = "hashes" in vars(self)  # where cached_property stores them
        if has_hashes:
            vars(selected)["hashes"] = self.hashes[keep]
        return selected


class Constraint:
    """A requirement on names, in one search. A subclass sets ``key``, and overrides ``accepts`` or ``rejects``.

    A constraint can act at three times:

    - **Before** anything is drawn, ``check`` raises an error if the request contradicts itself.
    - **While** names are drawn, it can reject prefixes and whole names, if ``prunes`` is set. This saves work and
      doesn't change the distribution. It has to be certain, because rejected names are never checked again. Everything
      that it has to remember about a prefix is one number, the prefix's *state*, which the walk keeps.
    - **At the end**, every finished name is checked: ``accepts`` checks one name, ``rejects`` many.
    """

    key: ClassVar[str]  # counts the draws that it rejects; usually the name of its option
    # The option that turns it on or off, for messages; "": the key.
    option: ClassVar[str] = ""
    compares: ClassVar[bool] = False  # whether it compares a name with other names
    # Suggestions if it rejects most draws: any one of them helps; (): to relax it.
    advice: ClassVar[tuple[str, ...]] = ()
    always: ClassVar[bool] = False  # whether searches have it even if the user doesn't set it
    prunes: bool = False  # whether it rejects prefixes and names while they are drawn
    # Whether it accepts nearly all draws. This decides how many names are drawn at first, and so which names a seed
    # gives.
    rarely_rejects: bool = False

    def check(self, request: GenerationRequest) -> None:
        """Check before anything is drawn that names can satisfy this constraint together with the others.

        Raises:
            SettingsError: no name can satisfy the request. The message names the contradicting options.
        """

    # --- while names are drawn ----------------------------------------------------------------------------------------

    def start(self, forced: Int32[Array, "characters"]) -> int:
        """Return the state after the characters that every name starts with (token ids; may be empty)."""
        states = np.zeros(1, np.int64)
        for token in forced:
            states = self.advance(states, token[None])
        return int(states[0])

    def advance(self, states: States, tokens: Int32[Array, "K"]) -> States:
        """Return the states of prefixes after one more character each."""
        return states

    def rejects_prefixes(self, tokens: Tokens, states: States) -> Rejected:
        """Return which prefixes no wanted name starts with."""
        return np.zeros(len(tokens), bool)

    def rejects_names(self, tokens: Tokens, states: States) -> Rejected:
        """Return which prefixes aren't wanted as whole names."""
        return np.zeros(len(tokens), bool)

    # --- finished names -----------------------------------------------------------------------------------------------

    def accepts(self, name: str) -> bool:
        """Return whether a finished name satisfies the constraint."""
        raise NotImplementedError(f"{type(self).__name__} has neither accepts nor rejects")

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names don't satisfy the constraint. Override it if checking many names at once is faster."""
        return ~np.fromiter(map(self.accepts, finished.names), bool, count=len(finished))

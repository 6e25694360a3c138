"""Wishlist: the wishes that were made, in the order in which a name is asked; and WISHES: all that there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.wishes.banned import Banned
from namegen.core.generation.wishes.known import Avoid, Distinct, MinDistance, New
from namegen.core.generation.wishes.length import MaxLength, MinLength
from namegen.core.generation.wishes.matches import Matches
from namegen.core.generation.wishes.text import Contains, EndsWith, StartsWith, TextWish, shortest_text
from namegen.core.generation.wishes.well_formed import WellFormed
from namegen.core.generation.wishes.wish import Wish

AnyWish = TypeVar("AnyWish", bound=Wish)

# Each by its setting's name, in the order in which a name is asked: what is cheap comes first, and a draw that fails is
# counted under the first wish that it fails at. (The first one has no setting: not_a_name is only counted.)
WISHES: dict[str, type[Wish]] = {
    wish.name: wish
    for wish in (
        WellFormed,
        MinLength,
        MaxLength,
        StartsWith,
        Contains,
        EndsWith,
        Matches,
        Banned,
        New,
        Avoid,
        Distinct,
        MinDistance,
    )
}


class Wishlist:
    """The wishes that were made, at most one of a class; those that ask for nothing are left out.

    A wish that is not in ``WISHES`` is asked last.

    >>> [wish.name for wish in Wishlist([EndsWith("ck"), StartsWith("Mc"), MinLength(0)])]
    ['starts_with', 'ends_with']
    """

    def __init__(self, wishes: Iterable[Wish] = ()) -> None:
        order = {name: place for place, name in enumerate(WISHES)}
        made = [wish for wish in wishes if not wish.asks_nothing]
        self._wishes = tuple(sorted(made, key=lambda wish: order.get(wish.name, len(order))))

    def __iter__(self) -> Iterator[Wish]:
        return iter(self._wishes)

    def get(self, kind: type[AnyWish]) -> AnyWish | None:
        """The wish of a class; None where it was not made."""
        return next((wish for wish in self if isinstance(wish, kind)), None)

    @property
    def shortest(self) -> int:
        """Characters that the texts a name must have need together, at least.

        >>> Wishlist([StartsWith("Mc"), EndsWith("ck")]).shortest
        3
        """
        text = {wish.name: wish.text for wish in self.texts}
        return shortest_text(*(text.get(kind.name, "") for kind in (StartsWith, Contains, EndsWith)))

    @property
    def texts(self) -> list[TextWish]:
        """The wishes for a text that each name has."""
        made = (self.get(kind) for kind in (StartsWith, Contains, EndsWith))
        return [wish for wish in made if wish is not None]

    def check(self, vocabulary: Vocabulary) -> None:
        """Find contradictions before anything is drawn.

        Raises:
            SettingsError: no name can keep the wishes; the message names those that clash.
        """
        for wish in self:
            wish.check(vocabulary, self)

"""Whole players, from the models that come with the package."""

from __future__ import annotations

from collections.abc import Iterator

from namegen.api.model import load_shipped
from namegen.core.data.players import LINE
from namegen.core.generation.bands import OnProgress
from namegen.core.generation.generator import AS_LEARNED, check_letter_case
from namegen.core.generation.inventing import InventedPlayer, PartWishes, PlayerInventor
from namegen.core.generation.sampling import random_numbers
from namegen.errors import of_part
from namegen.lists import BUNDLED
from namegen.wishes import Wishes, WishesOfPart, make_wishes


def load_player_inventor() -> PlayerInventor:
    """The shipped models of first and last names, and the players whose names must not come. Raises CheckpointError."""
    first, last = load_shipped("mlb-first"), load_shipped("mlb-last")
    lines = LINE.findall(BUNDLED["mlb-first"].path.read_text(encoding="utf-8"))
    return PlayerInventor(
        first.generator,
        last.generator,
        (name for name, *_ in lines),
        longest_first=first.default_max_length,
        longest_last=last.default_max_length,
    )


def invent_players(
    n: int = 25,
    *,
    seed: int | None = None,
    temperature: float | None = None,
    first_wishes: WishesOfPart | None = None,
    last_wishes: WishesOfPart | None = None,
    on_progress: OnProgress | None = None,
    letter_case: str = AS_LEARNED,
) -> Iterator[list[InventedPlayer]]:
    """Invent players, in batches as they are found; see ``core/generation/inventing.py``.

    Args:
        n: how many.
        seed: the same seed gives the same players.
        temperature: below 1 stays with what is likely; None: each model's own.
        first_wishes: what a first name must keep, as ``namegen.wishes.WishesOfPart`` has it.
        last_wishes: the same of last names.
        on_progress: called now and then with the players found so far and the last names drawn so far.
        letter_case: how the names are written at last; see ``LoadedModel.generate``.

    Raises:
        CheckpointError, SettingsError: at once.
        GenerationError: after those found have been given: there are no more.
    """
    check_letter_case(letter_case)
    rng = random_numbers(seed)
    first, last = (
        _part(part, f"mlb-{part}", {**(wishes or {})})
        for part, wishes in (("first", first_wishes), ("last", last_wishes))
    )
    batches = load_player_inventor().generate(
        n, rng=rng, temperature=temperature, first_wishes=first, last_wishes=last, on_progress=on_progress
    )
    return ([player.in_case(letter_case) for player in batch] for batch in batches)


def _part(part: str, model: str, wishes: WishesOfPart) -> PartWishes | None:
    """What was wished of one part; None: nothing, so that no model is loaded for its sake."""
    if all(value is None for value in wishes.values()):
        return None
    longest = wishes.pop("max_length", None)
    others: Wishes = wishes
    with of_part(part):
        wished = make_wishes(model, **others)
    return PartWishes(wished, load_shipped(model).longest(longest, wished))

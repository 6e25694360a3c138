"""Invent baseball players, using the built-in models of their names."""

from __future__ import annotations

from collections.abc import Iterator

from namegen.api.model import check_types, load_shipped
from namegen.api.name_parts import DrawOptions, make_part_of_name, returning_list
from namegen.constraints import PartConstraints
from namegen.core.generation.name_batch import check_letter_case
from namegen.core.generation.sampling import random_numbers
from namegen.core.people.names import Kind
from namegen.core.people.players import InventedPlayer, PlayerInventor, full_names
from namegen.events import ProgressCallback, ignore_progress
from namegen.lists import BUNDLED


def generate_players_batches(
    n: int = 25,
    *,
    seed: int | None = None,
    temperature: float | None = None,
    unfiltered: bool = False,
    first_constraints: PartConstraints | None = None,
    last_constraints: PartConstraints | None = None,
    on_progress: ProgressCallback = ignore_progress,
    letter_case: str | None = None,
    allow_profanity: bool = False,
) -> Iterator[list[InventedPlayer]]:
    """Invent baseball players in batches, so that memory use stays constant for any ``n``.

    Args:
        n: how many players to return.
        seed: the random seed. The same seed returns the same players.
        temperature: values below 1 favor likely characters. The default is 1.
        unfiltered: sample new names from the models' own distributions; see ``LoadedModel.generate``.
        first_constraints: conditions that first names must satisfy; see ``namegen.constraints.PartConstraints``.
        last_constraints: conditions that last names must satisfy.
        on_progress: called with events that report the progress of the search (``namegen.events``).
        letter_case: the letter case of the result; see ``LoadedModel.generate``.
        allow_profanity: allow names that contain profanity.

    Raises:
        CheckpointError: immediately, if a model can't be loaded.
        SettingsError: immediately, if a value is wrong or constraints contradict each other.
        GenerationError: after the last batch, if there are fewer than ``n`` players.

    >>> [[player]] = generate_players_batches(1, seed=1, last_constraints={"starts_with": "Mc"})
    >>> player.last.startswith("Mc")
    True
    """
    check_letter_case(letter_case)
    check_types(unfiltered=unfiltered)
    rng = random_numbers(seed)
    options = DrawOptions(
        temperature=temperature, unfiltered=unfiltered, allow_profanity=allow_profanity
    )
    first_names = make_part_of_name(
        "first",
        load_shipped("mlb-first"),
        source="any",
        constraints=first_constraints,
        labels={Kind(): ""},
        options=options,
    )
    last_names = make_part_of_name(
        "last",
        load_shipped("mlb-last"),
        source="new",
        constraints=last_constraints,
        labels={Kind(): ""},
        options=options,
    )
    real_names = full_names(BUNDLED["mlb-first"].path.read_text(encoding="utf-8"))
    inventor = PlayerInventor(first_names, last_names, real_names)
    batches = inventor.generate(n, rng=rng, on_progress=on_progress)
    return ([player.in_case(letter_case) for player in batch] for batch in batches)


generate_players = returning_list(generate_players_batches)

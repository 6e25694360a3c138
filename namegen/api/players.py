"""Invent baseball players, using the built-in models of their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from namegen.api.model import load_shipped
from namegen.api.name_parts import make_part_of_name, returning_list
from namegen.core.generation.request import GenerationRequest
from namegen.core.people.names import Kind
from namegen.core.people.players import InventedPlayer, PlayerInventor, full_names
from namegen.events import ProgressCallback, ignore_progress
from namegen.lists import BUNDLED


def generate_players_batches(
    n: int = 25,
    *,
    first_constraints: Mapping[str, Any] | None = None,
    last_constraints: Mapping[str, Any] | None = None,
    on_progress: ProgressCallback = ignore_progress,
    **options: Any,
) -> Iterator[list[InventedPlayer]]:
    """Invent baseball players in batches, so that memory use stays constant for any ``n``.

    Args:
        n: how many players to return.
        first_constraints: options of ``GenerationRequest`` for first names only, such as ``{"max_length": 4}``.
        last_constraints: options for last names only.
        on_progress: called with events that report the progress of the search (``namegen.events``).
        options: options of ``GenerationRequest`` for both names, such as ``seed``, ``temperature`` and ``letter_case``.

    Raises:
        CheckpointError: immediately, if a model can't be loaded.
        SettingsError: immediately, if a value is wrong or constraints contradict each other.
        GenerationError: after the last batch, if there are fewer than ``n`` players.

    >>> [[player]] = generate_players_batches(1, seed=1, last_constraints={"starts_with": "Mc"})
    >>> player.last.startswith("Mc")
    True
    """
    request = GenerationRequest(n=n, **options)
    first_names = make_part_of_name(
        "first",
        load_shipped("mlb-first"),
        request,
        source="any",
        constraints=first_constraints,
        labels={Kind(): ""},
    )
    last_names = make_part_of_name(
        "last",
        load_shipped("mlb-last"),
        request,
        source="new",
        constraints=last_constraints,
        labels={Kind(): ""},
    )
    real_names = full_names(BUNDLED["mlb-first"].path.read_text(encoding="utf-8"))
    inventor = PlayerInventor(first_names, last_names, real_names)
    rng = np.random.default_rng(request.seed)
    batches = inventor.generate(request.n, rng=rng, on_progress=on_progress)
    return ([player.in_case(request.letter_case) for player in batch] for batch in batches)


generate_players = returning_list(generate_players_batches)

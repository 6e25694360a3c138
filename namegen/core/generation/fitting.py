"""Measure how a model's new names should be scored: draw some, and fit a score rule for each label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.labels import StartTokens
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.scoring.rules import NewNames, fit_rules

DRAWS = 20_000  # for all labels together
FEWEST_DRAWS = 1_000  # for each label
MOST_LABELS = 100  # a model with more labels has one rule for all of them
MOST_CHARACTERS = 600_000  # fewer names are drawn if they would have more characters than this


def measure_rules(
    generator: Generator,
    *,
    shortest: int,
    longest: int,
    rng: np.random.Generator,
    proceed: Callable[[], bool] = lambda: True,
) -> tuple[ScoreRule, ...] | None:
    """Find out how a model's new names should be scored: draw some, and fit a rule for each label.

    Args:
        generator: draws names from the model; it has a scorer. If it doesn't know which names are new, all are.
        shortest: characters of the shortest name that can be returned.
        longest: characters of the longest.
        rng: where the random numbers come from.
        proceed: called before the names of each label are drawn; stops the measurement if it returns False.

    Returns:
        A rule for each label, or one for all; None if the measurement was stopped.
    """
    if generator.scorer is None:
        raise ValueError("a generator without a scorer can't be measured")
    generators = [generator]
    start_tokens = generator.start_tokens.tokens
    if 1 < len(start_tokens) <= MOST_LABELS:
        generators = [
            replace(generator, start_tokens=StartTokens.single(token)) for token in start_tokens
        ]
    # The measurement should take a limited time.
    rows_per_name = getattr(generator.model, "rows_per_prefix", 1)
    draws_of_all = max(min(DRAWS, MOST_CHARACTERS // longest) // rows_per_name, FEWEST_DRAWS)
    n = max(FEWEST_DRAWS, draws_of_all // len(generators))
    names_by_label = []
    for generator_of_label in generators:
        if not proceed():
            return None
        walk, name_filter = generator_of_label.prepare(
            n,
            longest,
            constraints=None,
            allow_seen=generator.known_names is None,
            allow_repeats=True,
        )
        draws = walk.draw(n, rng=rng, sampling=SamplingSettings(max_length=longest))
        rows = name_filter.keep(draws.names(generator.vocabulary), draws.counts).rows
        new_names = NewNames(
            lengths=draws.lengths()[rows],
            log_probabilities=draws.scored_log_probability[rows],
            missing=draws.missing(generator.scorer)[rows],
        )
        names_by_label.append(new_names)
    return fit_rules(names_by_label, shortest)

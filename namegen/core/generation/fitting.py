"""Measure how a model's new names should be scored: draw some, and fit a score rule for each label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.labels import StartTokens
from namegen.core.generation.constraints.others import New
from namegen.core.generation.generator import Generator
from namegen.core.generation.request import GenerationRequest
from namegen.core.scoring.rules import NewNames, fit_rules

DRAWS = 20_000  # for all labels together
FEWEST_DRAWS = 1_000  # for each label
MOST_LABELS = 100  # a model with more labels has one rule for all of them
MOST_NAMES = 20  # that are returned
MOST_CHARACTERS = 600_000  # fewer names are drawn if they would have more characters than this


@dataclass(frozen=True)
class Measurement:
    """What the names that a model draws show about it."""

    rules: tuple[ScoreRule, ...]  # how new names are scored: a rule for each label, or one for all
    new_names: tuple[str, ...]  # some of those that reach the threshold, in random order
    draws: int
    seen_share: float  # of the draws; these names are in the model's list


def measure_rules(
    generator: Generator,
    *,
    shortest: int,
    longest: int,
    rng: np.random.Generator,
    proceed: Callable[[], bool] = lambda: True,
) -> Measurement | None:
    """Find out how a model's new names should be scored: draw some, and fit a rule for each label.

    Args:
        generator: draws names from the model; it has a scorer. If it doesn't know which names are new, all are.
        shortest: characters of the shortest name that can be returned.
        longest: characters of the longest.
        rng: where the random numbers come from.
        proceed: called before the names of each label are drawn; stops the measurement if it returns False.

    Returns:
        The rules and some of the drawn names; None if the measurement was stopped.
    """
    if generator.scorer is None:
        raise ValueError("a generator without a scorer can't be measured")
    generators = [generator]
    shares: tuple[float, ...] = (1.0,)
    start_tokens = generator.start_tokens.tokens
    if 1 < len(start_tokens) <= MOST_LABELS:
        shares = generator.start_tokens.shares
        generators = [
            replace(generator, start_tokens=StartTokens.single(token)) for token in start_tokens
        ]
    # The measurement should take a limited time.
    rows_per_name = getattr(generator.model, "rows_per_prefix", 1)
    draws_of_all = max(min(DRAWS, MOST_CHARACTERS // longest) // rows_per_name, FEWEST_DRAWS)
    n = max(FEWEST_DRAWS, draws_of_all // len(generators))
    groups: list[NewNames] = []
    names_of_groups: list[list[str]] = []
    seen_share = 0.0
    for generator_of_label, share in zip(generators, shares, strict=True):
        if not proceed():
            return None
        request = GenerationRequest(
            n=n,
            max_length=longest,
            allow_seen=generator.known_names is None,
            allow_repeats=True,
            allow_profanity=True,
        )
        walk = generator_of_label.prepare(request)
        draws = walk.draw(n, rng)
        rows, accepted, rejected = walk.constraints.keep(draws.names.tolist(), draws.counts)
        kept = draws[rows]
        names = list(accepted.names)
        group = NewNames(
            lengths=np.array([len(name) for name in names], np.int64),
            log_probabilities=kept.scored_log_probability,
            missing=generator.scorer.missing(names, kept.start_tokens),
        )
        groups.append(group)
        names_of_groups.append(names)
        seen_share += share * rejected[New.key] / n

    # Keep names that reach the threshold, and that a filtered search would return.
    rules = fit_rules(groups, shortest)
    good_names: list[str] = []
    for names, group, rule in zip(names_of_groups, groups, rules, strict=True):
        reaches_threshold = group.scores(rule) >= rule.threshold  # (names,)
        good_names += [names[row] for row in np.flatnonzero(reaches_threshold)]
    usual = replace(generator, shortest=shortest).prepare(
        GenerationRequest(max_length=longest, allow_seen=True, allow_repeats=True), usual=True
    )
    usual_rows = usual.constraints.keep(good_names, np.ones(len(good_names), np.int64)).rows
    shown = rng.permutation(usual_rows)[:MOST_NAMES]
    return Measurement(
        rules=rules,
        new_names=tuple(good_names[row] for row in shown),
        draws=n * len(generators),
        seen_share=seen_share,
    )

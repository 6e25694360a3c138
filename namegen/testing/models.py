"""Check the rules in ``core/engine.py`` for every LanguageModel, including models that can only generate names.

Each check tests one rule, and raises an AssertionError if the rule is broken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from namegen.core.engine import LanguageModel, State
from namegen.testing.comparisons import expect, expect_close, expect_equal, named
from namegen.testing.material import read
from namegen.types import Array, Int32

# A check of a model with rows of tokens that the model can read.
ModelCheck: TypeAlias = Callable[[LanguageModel, Array], None]


def check_rows(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Check that a model reads any number of rows, and that a row's logits don't depend on the other rows.

    The tokens are passed as contiguous int32 arrays, as in namegen.
    """
    logits_of_row = [read(model, row[None]) for row in tokens]  # of each row alone
    for count in (1, 2, len(tokens), 67, 300):
        rows = np.arange(count) % len(tokens)  # repeats the rows if there are too few
        subject = f"a logit of {count} rows read at once, against that of the row alone,"
        for depth, logits in enumerate(read(model, tokens[rows])):
            _expect_valid_logits(logits, count, model.vocabulary_size)
            expected = np.concatenate([logits_of_row[row][depth] for row in rows])  # (count, V)
            expect_close(logits, expected, subject)


def _expect_valid_logits(logits: Array, rows: int, vocabulary_size: int) -> None:
    """Expect a NumPy array of the right shape, in which each row has at least one possible next token."""
    expect(type(logits) is np.ndarray, f"logits are {type(logits)}: expected a NumPy array")
    expect(logits.dtype in (np.float32, np.float64), f"logits are {logits.dtype}")
    expect(logits.shape == (rows, vocabulary_size), f"the logits of {rows} rows are {logits.shape}")
    has_invalid = np.isnan(logits).any() or np.isposinf(logits).any()
    expect(not has_invalid, "a logit is NaN or +inf")
    has_next_token = np.isfinite(logits).any(axis=1)  # for each row
    expect(has_next_token.all(), "every logit of a row is -inf: there is no next character")


def check_state_is_kept(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Check that neither step nor select changes the state or the tokens that are passed to it."""
    first_tokens = tokens[:, 0].copy()
    start_state = _start_state(model, len(tokens))
    logits, state = model.step(first_tokens, start_state)
    expected = logits.copy()
    other_tokens = np.roll(first_tokens, 1)
    _use_states(model, other_tokens, [start_state, state])
    logits_again, _ = model.step(first_tokens, start_state)
    subject = "a step must not write into its tokens, but a token"
    expect_equal(first_tokens, tokens[:, 0], subject)
    subject = "logits must not be changed by a later step, but a logit of the first"
    expect_equal(logits, expected, subject)
    subject = "a state must not be changed by a step, but a logit of the same step"
    expect_equal(logits_again, expected, subject)


def _start_state(model: LanguageModel, rows: int) -> State:
    """Return the model's state after it has read the start token, which is 0, in every row."""
    start_tokens = np.zeros(rows, np.int32)
    _, state = model.step(start_tokens, model.initial_state(rows))
    return state


def _use_states(model: LanguageModel, tokens: Int32[Array, "R"], states: list[State]) -> None:
    """Use states in all the ways that could change them: take a step from each, and from its rows in reverse order."""
    reversed_rows = np.arange(len(tokens))[::-1].copy()
    for state in states:
        model.step(tokens, state)
        model.step(tokens, model.select(state, reversed_rows))


def check_select(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Check that select can gather any rows, in any order and more than once.

    The rows are passed as a contiguous int64 array, as in namegen. Compiled engines can rely on that.
    """
    count = len(tokens)
    reversed_rows = list(reversed(range(count)))
    _expect_selected(model, tokens, reversed_rows, "all rows in reverse order")
    _expect_selected(model, tokens, [count - 1], "one row")
    _expect_selected(model, tokens, [1, 0, 1, 1], "a row several times")
    _expect_selected(model, tokens, list(range(count)) * 3, "more rows than there are")
    many_tokens = tokens[np.arange(300) % count]
    _expect_selected(model, many_tokens, [299, 256, 257, 3], "rows after row 255")


def _expect_selected(
    model: LanguageModel, tokens: Int32[Array, "R T"], rows: list[int], selection: str
) -> None:
    """Expect that selected rows of a state lead to the same logits as reading only these rows from the start."""
    indices = np.array(rows, dtype=np.int64)
    start_state = _start_state(model, len(tokens))
    first_tokens = np.ascontiguousarray(tokens[:, 0])
    _, state = model.step(first_tokens, start_state)
    selected_state = model.select(state, indices)
    next_tokens = np.ascontiguousarray(tokens[indices, 1])
    logits, _ = model.step(next_tokens, selected_state)
    expected = read(model, tokens[indices, :2])[-1]  # the logits after two tokens
    subject = f"a logit after selecting {selection} (with a contiguous int64 array)"
    expect_close(logits, expected, subject)


LANGUAGE_MODEL_CHECKS: dict[str, ModelCheck] = named(globals())

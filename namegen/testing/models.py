"""Check the rules in ``core/engine.py`` for every LanguageModel, including models that can only generate names."""

from __future__ import annotations

import numpy as np

from namegen.core.engine import LanguageModel
from namegen.testing.comparisons import expect, expect_close, named
from namegen.testing.material import read
from namegen.types import Array, Int32


def check_rows(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Check that a model reads any number of rows, and that a row's logits don't depend on the other rows.

    Args:
        model: the model.
        tokens: rows of token ids that it can read.
    """
    # Read each row alone, then many rows at once.
    logits_of_row = np.concatenate(
        [read(model, row[None]) for row in tokens], axis=1
    )  # (T + 1, R, V)
    for count in (1, 2, len(tokens), 67, 300):
        rows = np.arange(count) % len(tokens)  # repeats the rows if there are too few
        by_depth = read(model, tokens[rows])  # T + 1 arrays (count, V)
        for logits in by_depth:
            expect(type(logits) is np.ndarray, f"logits are {type(logits)}: expected a NumPy array")
            expect(logits.dtype in ("float32", "float64"), f"logits are {logits.dtype}")
            expected_shape = (count, model.vocabulary_size)
            expect(logits.shape == expected_shape, f"the logits of {count} rows are {logits.shape}")
            is_invalid = np.isnan(logits) | np.isposinf(logits)
            expect(not is_invalid.any(), "a logit is NaN or +inf")
            has_next_token = np.isfinite(logits).any(axis=1)  # for each row
            expect(has_next_token.all(), "every logit of a row is -inf: there is no next character")
        subject = f"a logit of {count} rows read at once, against that of the row alone,"
        expect_close(np.array(by_depth), logits_of_row[:, rows], subject)


def check_states(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Check that select gathers any rows, and that neither step nor select changes what is passed to it.

    Tokens are passed as contiguous int32 arrays, and rows as contiguous int64 arrays, as in namegen. Compiled engines
    can rely on that.
    """
    # Read the start token and one more token, with 300 rows. More than 256 rows show whether row numbers are bytes.
    tokens = tokens[np.arange(300) % len(tokens)]
    first_tokens = np.ascontiguousarray(tokens[:, 0])
    _, start_state = model.step(np.zeros(300, np.int32), model.initial_state(300))
    logits, state = model.step(first_tokens, start_state)
    first_logits = logits.copy()
    # A further token of selected rows gives the same logits as reading these rows from the start.
    selections = {
        "all rows in reverse order": np.arange(300)[::-1],
        "one row": np.array([4]),
        "a row several times": np.array([1, 0, 1, 1]),
        "more rows than there are": np.arange(900) % 300,
        "rows after row 255": np.array([299, 256, 257, 3]),
    }
    for selection, selected in selections.items():
        rows = np.ascontiguousarray(selected, np.int64)
        next_tokens = np.ascontiguousarray(tokens[rows, 1])
        next_logits, _ = model.step(next_tokens, model.select(state, rows))
        expected = read(model, tokens[rows, :2])[-1]  # the logits after two tokens
        subject = f"a logit after selecting {selection} (with a contiguous int64 array)"
        expect_close(next_logits, expected, subject)
    # Another step from the start state changes neither that state nor any array that was passed or returned before.
    model.step(np.roll(first_tokens, 1), start_state)
    logits_again, _ = model.step(first_tokens, start_state)
    is_same = np.array_equal(first_tokens, tokens[:, 0]) and np.array_equal(logits, first_logits)
    expect(is_same, "a step must not write into its tokens or into the logits of an earlier step")
    expect(
        np.array_equal(logits_again, first_logits),
        "a state must not be changed by a step or by select, but the same step gives other logits",
    )


LANGUAGE_MODEL_CHECKS = named(globals())

"""What ``core/engine.py`` demands of every LanguageModel, one that cannot be trained too."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from namegen.core.engine import LanguageModel
from namegen.testing.comparisons import expect, expect_close, expect_equal
from namegen.testing.failures import named
from namegen.testing.material import read
from namegen.types import Array, Int32

ModelCheck: TypeAlias = Callable[[LanguageModel, Array], None]  # a model, and rows of tokens that it may be given


def check_rows(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Any number of rows, more than 256 too, each as if it were alone; logits of the right shape and type.

    Tokens are C-contiguous int32, as core passes them.
    """
    alone = [read(model, row[None]) for row in tokens]
    for rows in (1, 2, len(tokens), 67, 300):
        place = np.arange(rows) % len(tokens)
        for depth, logits in enumerate(read(model, tokens[place])):
            expect(type(logits) is np.ndarray, f"logits are {type(logits)}: expected a NumPy array")
            expect(logits.dtype in (np.float32, np.float64), f"logits are {logits.dtype}")
            expect(logits.shape == (rows, model.vocabulary_size), f"the logits of {rows} rows are {logits.shape}")
            expect(not np.isnan(logits).any() and not np.isposinf(logits).any(), "a logit is NaN or +inf")
            expect(np.isfinite(logits).any(axis=1).all(), "every logit of a row is -inf: there is no next character")
            expect_close(
                logits,
                np.concatenate([alone[row][depth] for row in place]),
                f"a logit of {rows} rows read at once, against that of the row alone,",
            )


def check_state_is_kept(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Neither step nor select changes the state or the tokens that they were given."""
    first, second = tokens[:, 0].copy(), np.roll(tokens[:, 0], 1)
    _, start = model.step(np.zeros(len(tokens), np.int32), model.initial_state(len(tokens)))
    logits, after = model.step(first, start)
    expected = logits.copy()
    model.step(second, start)
    model.step(second, model.select(start, np.arange(len(tokens))[::-1].copy()))
    model.step(second, after)
    again, _ = model.step(first, start)
    expect_equal(first, tokens[:, 0], "a step must not write into its tokens, but a token")
    expect_equal(logits, expected, "logits that were given before must not be changed by a later step, but a logit")
    expect_equal(again, expected, "a state that was passed in must still hold, but from it a logit of the same step")


def check_select(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Select gathers rows: in any order, some not at all, some repeatedly, more than there were, more than 256.

    The rows are a C-contiguous int64 array, as core passes them: a compiled engine may rely on that.
    """
    rows = len(tokens)
    many = np.arange(300) % rows
    states = {}
    for count, place in ((rows, np.arange(rows)), (300, many)):
        _, state = model.step(np.zeros(count, np.int32), model.initial_state(count))
        states[count] = place, model.step(np.ascontiguousarray(tokens[place, 0]), state)[1]
    choices = {
        "in reverse": (rows, list(range(rows))[::-1]),
        "one": (rows, [rows - 1]),
        "repeatedly": (rows, [1, 0, 1, 1]),
        "more often than there were": (rows, [place % rows for place in range(3 * rows)]),
        "from behind row 255": (300, [299, 256, 257, 3]),
    }
    for what, (count, chosen) in choices.items():
        place, state = states[count]
        gather = np.array(chosen, dtype=np.int64)
        token = np.ascontiguousarray(tokens[place[gather], 1])
        logits, _ = model.step(token, model.select(state, gather))
        expected = read(model, tokens[place[gather], :2])[-1]
        expect_close(logits, expected, f"a logit after rows (a contiguous int64 array) were selected {what}")


LANGUAGE_MODEL_CHECKS: dict[str, ModelCheck] = named(
    {"rows": check_rows, "state is kept": check_state_is_kept, "select": check_select}
)

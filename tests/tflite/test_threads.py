"""Several threads on one ``.tflite`` get what one gets."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from namegen import api
from namegen.backends.tflite.runtime import TFLiteModel

THREADS, CALLS, WHOLE = 8, 200, 20


def test_names_and_logits(exported: Callable[..., Path]) -> None:
    """Of calls of many sizes: the loop in the file, its steps, and names as a program asks for them."""
    path = exported("lstm")

    def calls(model: TFLiteModel, loaded: api.LoadedModel) -> Callable[[int], tuple[list[str], bytes, list[str]]]:
        def call(seed: int) -> tuple[list[str], bytes, list[str]]:
            rng, rows = np.random.default_rng(seed), 1 + seed % 7
            drawn = model.vocabulary.decode_all(model.generate_tokens(rng.random((rows, 5 + seed % 11))))
            tokens = rng.integers(model.vocabulary_size, size=rows, dtype=np.int32)
            logits, _ = model.step(tokens, model.initial_state(rows))
            names = loaded.generate(2, seed=seed, allow_seen=True) if seed < WHOLE else []
            return drawn, logits.tobytes(), names

        return call

    together, alone = (calls(TFLiteModel.load(path), api.load(path)) for _ in range(2))
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(together, range(CALLS)))
    assert found == list(map(alone, range(CALLS)))
    assert len({tuple(names) for names, *_ in found}) > CALLS // 2

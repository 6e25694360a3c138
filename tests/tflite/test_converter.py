"""The file that namegen writes itself gives what TensorFlow's converter makes of the same network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.backends.tflite.contents import contents_of, to_bytes_of
from namegen.core.network.checkpoint import Checkpoint
from tests.labelled import labelled_checkpoint
from tests.requirements import require
from tests.tflite.conftest import CELLS

pytestmark = pytest.mark.slow  # TensorFlow alone takes seconds


def signatures(content: bytes) -> tuple[Any, dict[str, Any]]:
    """The interpreter, which must live as long, and what it can be asked."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    return interpreter, {name: interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()}


@pytest.mark.parametrize("quantize", ["none", "int8"])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("is_labelled", [False, True])
def test_logits_states_and_names(
    cell: str, quantize: str, is_labelled: bool, checkpoint: Callable[[str], Checkpoint], tmp_path: Path
) -> None:
    require("tensorflow")
    from tests.tflite.converted import converted

    source = labelled_checkpoint(cell, (32, 24)) if is_labelled else checkpoint(cell)
    (one, ours), (other, theirs) = map(
        signatures, (to_bytes_of(contents_of(source, quantize)), converted(source, quantize))
    )
    assert set(ours) == set(theirs) == {"generate", "step", "vocabulary"}
    for name in ours:
        for details in ("get_input_details", "get_output_details"):
            mine, converters = (getattr(runner, details)() for runner in (ours[name], theirs[name]))
            assert {k: about["dtype"] for k, about in mine.items()} == {
                k: about["dtype"] for k, about in converters.items()
            }
            if name == "step" and details == "get_input_details":
                assert {k: about["shape_signature"].tolist() for k, about in mine.items()} == {
                    k: about["shape_signature"].tolist() for k, about in converters.items()
                }
    np.testing.assert_array_equal(ours["vocabulary"]()["code_points"], theirs["vocabulary"]()["code_points"])

    rng, limit = np.random.default_rng(4), 1e-5 if quantize == "none" else 0.5
    tokens = rng.integers(1, source.vocabulary.size, (10, 6), dtype=np.int32)
    tokens[:, 0] = np.resize(source.network.beginnings, 10)
    states = [
        {f"state_{k}": np.zeros((10, width), np.float32) for k, width in enumerate(source.network.state_widths)}
        for _ in range(2)
    ]
    for column in tokens.T:
        steps = zip((ours["step"], theirs["step"]), states, strict=True)
        outputs = [step(tokens=column, **state) for step, state in steps]
        assert set(outputs[0]) == set(outputs[1]) == {"logits", *states[0]}
        for name in outputs[0]:
            np.testing.assert_allclose(outputs[0][name], outputs[1][name], rtol=0, atol=limit)
        states = [{name: output[name] for name in states[0]} for output in outputs]
    uniforms = rng.random((1000, 12), dtype=np.float32)
    for temperature in (0.0, 0.8, 1.0):
        given = {"uniforms": uniforms, "temperature": np.float32(temperature)}
        mine, converters = (runner(**given)["tokens"] for runner in (ours["generate"], theirs["generate"]))
        assert mine.shape == converters.shape == (1000, 11 if is_labelled else 12)
        share = (mine == converters).all(axis=1).mean()
        assert share >= (0.995 if quantize == "none" else 0.6)
    del one, other

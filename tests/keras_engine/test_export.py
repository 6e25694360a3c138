"""Test that .keras files work in stock Keras without namegen, and that the examples in the docs run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from namegen.backends.opening import logits_of
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import RecurrentNetwork
from tests.reading import engine_of
from tests.requirements import require

# When Keras saves a model, it calls np.array(variable). NumPy 2 warns about this, but it's harmless.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
)

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "keras.md"
READER = """
import sys
sys.modules["namegen"] = None  # whoever imports it now fails
import keras, numpy as np
for cell in sys.argv[2:]:
    model = keras.saving.load_model(f"{sys.argv[1]}/{cell}.keras", safe_mode=True)
    assert not model.compiled
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
    expected = np.load(f"{sys.argv[1]}/{cell}.npz")
    tokens, logits = expected["tokens"], expected["logits"]
    assert logits.std() > 0.1
    np.testing.assert_allclose(model(tokens), logits, rtol=0, atol=1e-6)
    np.testing.assert_allclose(model(tokens[:1, :1]), logits[:1, :1], rtol=0, atol=1e-6)  # one token of one name
print("equal")
exec(open(sys.argv[1] + "/examples").read())
"""


@pytest.fixture(autouse=True)
def _keras() -> None:
    require("keras", "tensorflow")


def export_keras(*arguments: object) -> None:
    from namegen.backends.keras_engine.export import export_keras

    export_keras(*arguments)


def network_and_parameters(
    cell: str, labels: int = 0
) -> tuple[RecurrentNetwork, dict[str, np.ndarray]]:
    network, rng = RecurrentNetwork(9, cell, hidden=(6, 5), labels=labels), np.random.default_rng(2)
    parameters = network.initial_parameters("glorot", rng=rng)
    return network, {
        name: values + rng.normal(0, 0.3, values.shape) for name, values in parameters.items()
    }


def small_checkpoint(network: RecurrentNetwork, parameters: dict[str, np.ndarray]) -> Checkpoint:
    single = {name: values.astype(np.float32) for name, values in parameters.items()}
    return Checkpoint(network=network, vocabulary=Vocabulary("abcdefgh"), parameters=single)


def test_exported_models_work_in_stock_keras(tmp_path: Path) -> None:
    """Models with labels take V + L token IDs and return V logits."""
    cases = {cell: network_and_parameters(cell) for cell in ("gru", "lstm")}
    cases["labelled"] = network_and_parameters("simple_rnn", labels=2)
    for name, (network, parameters) in cases.items():
        checkpoint = small_checkpoint(network, parameters)
        export_keras(checkpoint, tmp_path / f"{name}.keras")
        tokens = np.random.default_rng(3).integers(0, network.input_size, (4, 7), dtype=np.int32)
        tokens[:, 0] = np.resize(network.start_tokens, 4)
        np.savez(
            tmp_path / f"{name}.npz", tokens=tokens, logits=logits_of(engine_of(checkpoint), tokens)
        )
    shutil.copy(tmp_path / "gru.keras", tmp_path / "model.keras")
    Vocabulary("abcdefgh").save(tmp_path / "model.json")
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    (tmp_path / "examples").write_text("".join(examples[:2]), encoding="utf-8")
    command = [sys.executable, "-c", READER, str(tmp_path), *cases]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    equal, name = done.stdout.splitlines() or [done.stderr, ""]
    assert equal == "equal", done.stderr
    assert set(name) <= set("abcdefgh"), name


@pytest.mark.slow
def test_the_cell_on_the_page_learns() -> None:
    *_, own_cell = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    done = subprocess.run([sys.executable, "-c", own_cell], capture_output=True, text=True)
    loss, names = done.stdout.splitlines() or [done.stderr, ""]
    assert float(loss) < 2.5
    assert names

"""Test that .keras files work in stock Keras without namegen, and that the examples in the docs run."""

from __future__ import annotations

import re
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


def test_exported_models_work_in_stock_keras(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Models with labels take V + L token IDs and return V logits."""
    import keras

    cases = {cell: network_and_parameters(cell) for cell in ("gru", "lstm")}
    cases["labelled"] = network_and_parameters("simple_rnn", labels=2)
    for name, (network, parameters) in cases.items():
        checkpoint = small_checkpoint(network, parameters)
        path = tmp_path / f"{name}.keras"
        export_keras(checkpoint, path)
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, "namegen", None)  # whoever imports it now fails
            model = keras.saving.load_model(path, safe_mode=True)
        assert not model.compiled
        assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
        tokens = np.random.default_rng(3).integers(0, network.input_size, (4, 7), dtype=np.int32)
        tokens[:, 0] = np.resize(network.start_tokens, 4)
        logits = logits_of(engine_of(checkpoint), tokens)
        assert logits.std() > 0.1
        np.testing.assert_allclose(model(tokens), logits, rtol=0, atol=1e-6)
        one_token = model(tokens[:1, :1])  # of one name
        np.testing.assert_allclose(one_token, logits[:1, :1], rtol=0, atol=1e-6)

    # The examples of the page read these two files, and print a name.
    (tmp_path / "gru.keras").rename(tmp_path / "model.keras")
    Vocabulary("abcdefgh").save(tmp_path / "model.json")
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec("".join(examples[:2]), {})  # noqa: S102  # the page is part of this repository
    assert set(capsys.readouterr().out.strip()) <= set("abcdefgh")


@pytest.mark.slow
def test_the_cell_on_the_page_learns() -> None:
    *_, own_cell = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    done = subprocess.run([sys.executable, "-c", own_cell], capture_output=True, text=True)
    loss, names = done.stdout.splitlines() or [done.stderr, ""]
    assert float(loss) < 2.5
    assert names

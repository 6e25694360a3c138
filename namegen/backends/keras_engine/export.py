"""Exports a trained network as a ``.keras`` file, which stock Keras opens without namegen."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from namegen.backends.keras_engine.layers import STOCK
from namegen.backends.keras_engine.tensorflow_setup import Untyped, keras
from namegen.backends.opening import check_export
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.network.architecture import RecurrentNetwork, checked_tensors, exportable
from namegen.errors import OutputError
from namegen.files import check_output, write_whole


def export_keras(checkpoint: Checkpoint, path: Path | str, *, force: bool = False) -> int:
    """Write the network as a Keras model, which maps token ids to the logits of each next token.

    To open it, call ``keras.saving.load_model(path)``. This works in safe mode and with all backends of Keras 3. The
    ids are those of the vocabulary. A name starts with 0, or, if the network has labels, with V for the first label,
    V + 1 for the second, and so on. The model isn't compiled: to fit it, pass your own loss with ``from_logits=True``.

    Args:
        checkpoint: the network. It can come from any backend that computes the same as namegen's backends.
        path: the file, which must end with ``.keras``.
        force: whether to overwrite an existing file. If writing fails, the old file stays.

    Returns:
        The size of the file in bytes.

    Raises:
        OutputError: the file exists, doesn't end with ``.keras``, or can't be written; or stock Keras doesn't have the
            cell, or doesn't compute the same results as Python.
        CheckpointError: a parameter has the wrong shape, or the backend that trained the network computes something
            else.
    """
    path = check_output(path, example="model.keras", force=force)
    if path.suffix != ".keras":
        raise OutputError(
            f"{path} doesn't end with .keras, and Keras can't open it: use a name such as model.keras"
        )
    network = exportable(checkpoint.network, dir(keras.ops), "a .keras")
    if network.cell_class not in STOCK:
        raise OutputError(
            f"a .keras can't contain the cell {network.cell_class.name!r}: stock Keras has only "
            f"{', '.join(cell.name for cell in STOCK)}; use the network with the backend that trained it"
        )
    parameters, _ = checked_tensors(network, checkpoint.parameters, ())
    model = stock_model(network)
    model.set_weights(list(parameters.values()))
    check_export(checkpoint, "the model", "a .keras", lambda tokens: np.asarray(model(tokens)))
    with tempfile.TemporaryDirectory() as folder:  # Keras can only save to a path
        temporary = Path(folder) / "model.keras"
        model.save(temporary)
        content = temporary.read_bytes()
    return write_whole(path, content)


def stock_model(network: RecurrentNetwork) -> Untyped:
    """Create the network as one Keras model of stock layers, from token ids to the logits of each next token.

    Keras lists its weights in the order of ``network.parameters``, so they can be set as one list.
    """
    recurrent = [
        STOCK[network.cell_class](width, return_sequences=True, dtype="float32", name=f"rnn_{k}")
        for k, width in enumerate(network.hidden)
    ]
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32", name="tokens"),
            # One token per row: CategoryEncoding drops a last axis of length 1, which a single token has too.
            keras.layers.Reshape((-1, 1), dtype="int32", name="one_to_a_row"),
            keras.layers.CategoryEncoding(
                network.input_size, output_mode="one_hot", dtype="float32", name="one_hot"
            ),
            *recurrent,
            keras.layers.Dense(network.vocabulary_size, dtype="float32", name="output"),
        ],
        name="namegen",
    )

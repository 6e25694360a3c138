"""Export of a trained network, of either engine, as a ``.keras`` file that stock Keras opens without namegen."""

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
    """Write the network as a Keras model: token ids in, the logits of the next token at each out.

    To open it: ``keras.saving.load_model(path)``, in safe mode and with any backend of Keras 3. Ids are those of the
    vocabulary; a name begins with 0, or, of a network of labelled names, with V for those of its first label, V + 1 for
    those of its second, and so on. The model is not compiled: fit it with a loss of your own, ``from_logits=True``.

    Args:
        checkpoint: the network, of any engine that computes what namegen's own do.
        path: the file, which ends with ``.keras``.
        force: overwrite a file that exists, whole or not at all.

    Returns:
        The size of the file in bytes.

    Raises:
        OutputError: the file exists, has another ending or cannot be written; or stock Keras does not have the cell,
            or computes something else of it than Python.
        CheckpointError: a parameter's shape does not fit, or an engine trained it that computes something else.
    """
    path = check_output(path, example="model.keras", force=force)
    if path.suffix != ".keras":
        raise OutputError(
            f"{path} does not end with .keras, and Keras opens no other: give a name such as model.keras"
        )
    network = exportable(checkpoint.network, dir(keras.ops), "a .keras")
    if network.cell_class not in STOCK:
        raise OutputError(
            f"a .keras cannot hold the cell {network.cell_class.name!r}: stock Keras has only "
            f"{', '.join(cell.name for cell in STOCK)}; use the network with the backend that trained it"
        )
    checked, _ = checked_tensors(network, checkpoint.parameters, ())
    model = stock_model(network)
    model.set_weights(list(checked.values()))
    check_export(checkpoint, "the model", "a .keras", lambda tokens: np.asarray(model(tokens)))
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / "model.keras"
        model.save(temporary)
        content = temporary.read_bytes()
    return write_whole(path, content)


def stock_model(network: RecurrentNetwork) -> Untyped:
    """The network as one Keras model of stock layers; its weights stand in canonical order."""
    recurrent = [
        STOCK[network.cell_class](width, return_sequences=True, dtype="float32", name=f"rnn_{k}")
        for k, width in enumerate(network.hidden)
    ]
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32", name="tokens"),
            # Tokens one to a row: CategoryEncoding drops a last axis of length 1, which a single token would be too.
            keras.layers.Reshape((-1, 1), dtype="int32", name="one_to_a_row"),
            keras.layers.CategoryEncoding(
                network.input_size, output_mode="one_hot", dtype="float32", name="one_hot"
            ),
            *recurrent,
            keras.layers.Dense(network.vocabulary_size, dtype="float32", name="output"),
        ],
        name="namegen",
    )

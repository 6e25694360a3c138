"""Imports Keras on TensorFlow, checks the versions, and hides their startup messages.

All other files in this folder import ``keras`` and ``tf`` from here, so that the environment is set up first.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import Any, TypeAlias

from namegen.backends.quiet import quiet
from namegen.errors import EngineError, install_command
from namegen.threads import limit_threads

Untyped: TypeAlias = Any  # objects of Keras and TensorFlow, which have no type annotations


def load() -> tuple[Untyped, Untyped]:
    """Import Keras with TensorFlow as its backend, without their messages, and return both modules.

    Raises:
        EngineError: Keras is older than version 3, or uses a backend other than TensorFlow.
        ModuleNotFoundError: Keras or TensorFlow isn't installed.
    """
    # The variable overrides ~/.keras/keras.json. Keras reads it only on import.
    if "keras" not in sys.modules:
        check_backend(os.environ.setdefault("KERAS_BACKEND", "tensorflow"))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet():
        import tensorflow  # before Keras, so that an error names it if it is missing

        # isort: split
        import keras
    major = int(keras.__version__.partition(".")[0])
    if major < 3:
        raise EngineError(
            f"the installed Keras is {keras.__version__}, but the backend keras needs Keras 3: "
            f"{install_command('keras')}"
        )
    check_backend(keras.config.backend())
    # TensorFlow warns if a second engine compiles its own program.
    tensorflow.get_logger().setLevel(logging.ERROR)
    return keras, tensorflow


def check_backend(backend: str) -> None:
    """Raise EngineError if Keras uses another library than TensorFlow."""
    if backend != "tensorflow":
        raise EngineError(
            f"Keras uses its backend {backend!r}, but the backend keras needs TensorFlow: "
            "start again with KERAS_BACKEND=tensorflow"
        )


keras, tf = load()


def set_threads(threads: int) -> None:
    """Set how many threads TensorFlow uses.

    The number can't change after TensorFlow's first computation, so later engines of the same process also use it.
    """
    limit_threads(threads)
    with suppress(RuntimeError):  # TensorFlow has already computed something
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)  # steps can't run in parallel

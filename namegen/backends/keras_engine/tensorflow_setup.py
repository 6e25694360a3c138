"""Loads Keras on TensorFlow: the right versions, without a word on the terminal, with the threads that were asked for.

Every other file of this folder takes ``keras`` and ``tf`` from here, so that nothing loads them before this has run.
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

Untyped: TypeAlias = Any  # what Keras and TensorFlow give: they ship no types


def load() -> tuple[Untyped, Untyped]:
    """Keras and TensorFlow.

    Raises:
        EngineError: Keras is below 3, or runs on another backend than TensorFlow.
        ModuleNotFoundError: one of the two is not installed.
    """
    if (
        "keras" not in sys.modules
    ):  # the variable beats ~/.keras/keras.json, and Keras reads it once
        check_backend(os.environ.setdefault("KERAS_BACKEND", "tensorflow"))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet():
        import tensorflow  # before Keras, so that it is the one that is named where it is missing

        # isort: split
        import keras
    check_version(keras.__version__)
    check_backend(keras.config.backend())
    tensorflow.get_logger().setLevel(
        logging.ERROR
    )  # it warns that a second engine compiles a program of its own
    return keras, tensorflow


def check_version(version: str) -> None:
    """Refuse a Keras that lacks what Keras 3 has."""
    if int(version.partition(".")[0]) < 3:
        raise EngineError(
            f"the installed Keras is {version}, and the backend keras needs Keras 3: {install_command('keras')}"
        )


def check_backend(backend: str) -> None:
    """Refuse a Keras that computes with another library."""
    if backend != "tensorflow":
        raise EngineError(
            f"Keras is set to its backend {backend!r}, and the backend keras runs on TensorFlow only: "
            "start again with KERAS_BACKEND=tensorflow"
        )


keras, tf = load()


def set_threads(threads: int) -> None:
    """Let TensorFlow use so many threads.

    TensorFlow fixes the number as it computes for the first time; a later engine of the same process runs with it.
    """
    limit_threads(threads)
    with suppress(RuntimeError):  # it has computed already
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)  # the steps follow one another

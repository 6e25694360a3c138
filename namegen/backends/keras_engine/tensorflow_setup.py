"""Loads Keras on TensorFlow: the right versions, without a word on the terminal, with the threads that were asked for.

Every other file of this folder takes ``keras`` and ``tf`` from here, so that nothing loads them before this has run.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from namegen.errors import EngineError
from namegen.threads import limit_threads

# What TensorFlow's C++ part writes to the file descriptor itself while it loads, whatever the log level:
#   WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
#   I0000 00:00:1700000000.000000    1234 port.cc:153] oneDNN custom operations are on. ...
#   2025-01-01 00:00:00.000000: I tensorflow/core/util/port.cc:153] ...
NOISE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog"
    rb"|[IWE]\d{4} [\d:.]+ +\d+ [\w./-]+:\d+\] "
    rb"|\d{4}-\d\d-\d\d [\d:.]+: [IWE] (tensorflow|external)/"
    rb"|To enable the following instructions: "
)


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Hold back what is written to standard error, at the level of the file descriptor, and then pass on what is not
    TensorFlow's own log: a real message still arrives.
    """
    sys.stderr.flush()
    try:
        terminal = os.dup(2)
    except OSError:  # standard error is closed: nobody is disturbed
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            with suppress(OSError):
                os.write(2, b"".join(line for line in held if not NOISE.match(line)))


def load() -> tuple[Any, Any]:
    """Keras and TensorFlow.

    Raises:
        EngineError: Keras is below 3, or runs on another backend than TensorFlow.
        ModuleNotFoundError: one of the two is not installed.
    """
    if "keras" not in sys.modules:  # the variable beats ~/.keras/keras.json, and Keras reads it once
        check_backend(os.environ.setdefault("KERAS_BACKEND", "tensorflow"))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_loading():
        import tensorflow  # before Keras, so that it is the one that is named where it is missing

        # isort: split
        import keras
    check_version(keras.__version__)
    check_backend(keras.config.backend())
    tensorflow.get_logger().setLevel(logging.ERROR)  # it warns that a second engine compiles a program of its own
    return keras, tensorflow


def check_version(version: str) -> None:
    """Refuse a Keras that lacks what Keras 3 has."""
    if int(version.partition(".")[0]) < 3:
        raise EngineError(
            f"the installed Keras is {version}, and the engine keras needs Keras 3: install it with: "
            "pip install 'namegen[keras]'"
        )


def check_backend(backend: str) -> None:
    """Refuse a Keras that computes with another library."""
    if backend != "tensorflow":
        raise EngineError(
            f"Keras is set to its backend {backend!r}, and the engine keras runs on TensorFlow only: "
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

"""Hides the log messages that TensorFlow and LiteRT print when they start."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Compiled code writes these messages directly to the file descriptor, at any log level:
#   INFO: Created TensorFlow Lite XNNPACK delegate for CPU.
#   WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
#   W0000 00:00:1700000000.000000    1234 tf_tfl_flatbuffer_helpers.cc:392] Ignored output_format.
#   2025-01-01 00:00:00.000000: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on. ...
#   To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow ...
NOISE = re.compile(
    rb"INFO: (Created|Initialized|Applying) "
    rb"|WARNING: All log messages before absl::InitializeLog"
    rb"|[IWE]\d{4} [\d:.]+ +\d+ [\w./-]+:\d+\] "
    rb"|\d{4}-\d\d-\d\d [\d:.]+: [IWE] (tensorflow|external)/"
    rb"|To enable the following instructions: "
)


STDERR = 2  # the file descriptor


@contextmanager
def quiet() -> Iterator[None]:
    r"""Hide the libraries' log messages on standard error, including those that compiled code writes.

    All other messages are printed when the block ends.

    >>> with quiet():
    ...     _ = os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
    """
    try:
        sys.stderr.flush()
        original = os.dup(STDERR)
    except (OSError, AttributeError):  # there is no standard error
        yield
        return
    with tempfile.TemporaryFile() as messages:
        os.dup2(messages.fileno(), STDERR)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(original, STDERR)
            os.close(original)
            messages.seek(0)
            other_lines = [line for line in messages if not NOISE.match(line)]
            with suppress(OSError):
                os.write(STDERR, b"".join(other_lines))

"""Keeps what the TensorFlow and LiteRT libraries say of themselves off the user's terminal."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Written to the file descriptor by compiled code, whatever the log level:
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


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what is written to standard error, at the level of the file descriptor, and pass on what is no notice
    of a library: a real message still arrives.
    """
    try:
        sys.stderr.flush()
        terminal = os.dup(2)
    except (OSError, AttributeError):  # there is no standard error: nobody is disturbed
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

"""Tables in the terminal."""

from __future__ import annotations

from namegen.cli.tables import without_ranges
from namegen.experiments.table import Table


def test_a_terminal_leaves_out_ranges_and_keeps_names_whole() -> None:
    table = Table("", ("network", "held-out part"), (("Keras LSTM 2×32 (original)", "45.1 (45.0 to 45.2)"),), left=1)
    assert without_ranges(table).rows == (("Keras LSTM 2×32 (original)", "45.1"),)

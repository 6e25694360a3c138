"""``namegen report``: several comparisons and sweeps in one report."""

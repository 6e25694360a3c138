"""``namegen compare-backends``: plan the measurements, run them, and write a report."""

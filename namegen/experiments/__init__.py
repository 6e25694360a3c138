"""What runs many trainings and writes a report: the comparison of engines, and sweeps of settings."""

"""A backend for namegen with an architecture of its own, a small Transformer. See README.md."""

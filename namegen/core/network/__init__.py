"""Networks as data: their architecture, their cells and their initial parameters. Start with ``architecture.py``."""

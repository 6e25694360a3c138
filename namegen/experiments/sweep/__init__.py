"""``namegen sweep``: a grid of settings, trained side by side, and the table made of it."""

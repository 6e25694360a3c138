"""``namegen sweep``: train one network for each combination in a grid of settings, and tabulate the results."""

"""The network as data: its description, its parameters, and the files that carry them."""

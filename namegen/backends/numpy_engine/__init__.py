"""The network from scratch, in plain NumPy, on prefix-tree batches."""

"""The network in stock Keras layers, on the prefix tree of a batch, a tile of nodes at a time."""

"""The network in stock Keras layers, on padded rows of distinct names."""

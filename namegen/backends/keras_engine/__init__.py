"""The network in stock Keras layers, on the distinct names of a batch, side by side in lanes."""

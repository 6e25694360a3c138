"""The network in stock Keras layers, trained on prefix trees."""

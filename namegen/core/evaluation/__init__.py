"""How well a model predicts a list, and what its figures are to be compared with. Begin with ``evaluator.py``."""

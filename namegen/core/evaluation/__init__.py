"""How well a model predicts a list, references to compare it with, and scores of names. Start with ``evaluator.py``."""

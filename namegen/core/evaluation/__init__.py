"""How good a model is: its figures on a list, and what they are to be compared with."""

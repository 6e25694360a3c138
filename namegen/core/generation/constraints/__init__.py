"""Constraints on names. Read ``constraint.py`` first; ``constraint_list.py`` lists all of them."""

"""A list of names: read, cleaned, split, and as the tree of its distinct prefixes. Begin with ``prefix_tree.py``."""

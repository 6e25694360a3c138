"""A list of names: read, cleaned, split, and as the tree of its prefixes."""

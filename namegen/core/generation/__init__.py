"""From a model to names: drawing, searching, and what may be constraint_list of a name. Begin with ``generator.py``."""

"""From a model to names: drawing, searching, and what may be wished of a name. Begin with ``generator.py``."""

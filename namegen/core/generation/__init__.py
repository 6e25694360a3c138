"""From a model to names: drawing, scoring, searching, and constraints. Begin with ``generator.py``."""

"""The network as data: its parameters, their initial values, files that carry them. Begin with ``architecture.py``."""

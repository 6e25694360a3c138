"""The network as data: its parameters, their initial values, the files that carry them. Begin with ``architecture.py``."""

"""The network as data: its architecture, its cells, its initial parameters. Begin with ``architecture.py``."""

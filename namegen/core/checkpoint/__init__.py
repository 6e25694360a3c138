"""A model's file: its metadata, its parameters, and what scores its names. Begin with ``metadata.py``."""

"""A model's file: its metadata, its parameters, and the data that scores its names. Start with ``metadata.py``."""

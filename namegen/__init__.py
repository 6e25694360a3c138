"""namegen learns from a list of names and invents new ones, a character at a time."""

__version__ = "0.1.0"

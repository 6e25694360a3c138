"""Models beside the networks: they count, or put several models together. Each is a ``LanguageModel``."""

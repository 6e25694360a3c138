"""A model as one web page."""

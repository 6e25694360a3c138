"""Fresh lists of names from their public sources."""

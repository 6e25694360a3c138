"""Models that come trained with the package."""

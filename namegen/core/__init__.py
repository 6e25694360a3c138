"""Everything about names that doesn't depend on a neural-network library. Start with README.md in this folder."""

"""Everything about names that is not a particular neural-network library: see README.md beside this file."""

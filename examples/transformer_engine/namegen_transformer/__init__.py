"""An engine for namegen that brings an architecture of its own, a small Transformer; see README.md."""

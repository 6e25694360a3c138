"""Tests for namegen.core.checkpoint."""

"""Tests of namegen.core.checkpoint."""

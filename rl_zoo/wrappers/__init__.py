"""Gymnasium wrappers, one per file; all sit inside Monitor."""

"""Measurements; what they print is evidence, and no test depends on it."""

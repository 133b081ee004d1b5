"""Scores, one a module, computed on arrays given to them."""

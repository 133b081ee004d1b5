"""The generator as a graph for export: folded and equalized."""

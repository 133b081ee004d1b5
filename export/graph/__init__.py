"""The network as a graph for export: folded, equalized, converted to TFLite."""

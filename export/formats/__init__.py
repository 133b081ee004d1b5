"""One module for each format that a model is exported to."""

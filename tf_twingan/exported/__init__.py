"""Reads what `export` writes, and draws with it: TFLite files, SavedModels."""

"""A model's directions, frozen: SavedModel, TFLite, ONNX, with proof.

`python -m export --help` is the manual. Needs no gin, and nothing of a training
but its run directory.
"""

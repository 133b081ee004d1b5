"""Measurements; what they print is evidence, and no test depends on it."""

from tf_twingan import cli

cli.prepare_tensorflow()  # Before any of them imports TensorFlow.

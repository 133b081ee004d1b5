"""Measurements; what they print is evidence, and no test depends on it."""

import tf_twingan  # noqa: F401  Before TensorFlow: it chooses the kernels.

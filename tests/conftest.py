"""Two logical CPUs for all tests, and a cache that is not the user's."""

import os
import tempfile

import tf_twingan  # noqa: F401  Before TensorFlow: it chooses the kernels.
from tests import two_devices

two_devices.configure()
os.environ['TF_TWINGAN_CACHE'] = tempfile.mkdtemp(prefix='tf_twingan_tests_')

"""Two logical CPUs for all tests, and a cache that is not the user's."""

import os
import tempfile

from tf_twingan import cli

cli.prepare_tensorflow()  # Before the next import, which brings TensorFlow.
from tests import two_devices  # noqa: E402

two_devices.configure()
os.environ['TF_TWINGAN_CACHE'] = tempfile.mkdtemp(prefix='tf_twingan_tests_')

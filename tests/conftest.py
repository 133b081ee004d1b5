"""Keeps what tests draw and decode out of the user's cache."""

import os
import tempfile

os.environ['TF_TWINGAN_CACHE'] = tempfile.mkdtemp(prefix='tf_twingan_tests_')

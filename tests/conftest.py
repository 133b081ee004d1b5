"""Two logical CPUs for all tests, and one folder for all that they write."""

import gc
import os
import shutil
import tempfile


def pytest_configure(config):
  """Sets up the process before tests are imported, and TensorFlow with them."""
  is_worker = hasattr(config, 'workerinput')
  if not is_worker:
    # Workers start later, and inherit the environment.
    folder = tempfile.mkdtemp(prefix='tf_twingan_tests_')
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    # Temporary folders of tests and programs go there, too.
    tempfile.tempdir = os.environ['TMPDIR'] = folder
    os.environ['TF_TWINGAN_TEST_ARTIFACTS'] = tempfile.mkdtemp()
    # Images are decoded once for all tests, and not among the user's.
    os.environ['TF_TWINGAN_CACHE'] = os.path.join(folder, 'cache')
  if is_worker or not config.getoption('numprocesses', 0):
    from tf_twingan import cli

    cli.prepare_tensorflow()
    from tests import two_devices

    two_devices.configure()


def pytest_collection_finish(session):
  """Spares the garbage collector what stays: TensorFlow and all tests."""
  del session
  gc.collect()
  gc.freeze()
  # A graph that is traced makes many objects, and hardly any of them garbage.
  gc.set_threshold(10_000)

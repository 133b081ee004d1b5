"""What an import and `--help` cost: no program waits for TensorFlow there."""

import json
import os
import subprocess
import sys

from absl.testing import absltest, parameterized

from tests import source_tree

# Takes seconds to import, or is not installed everywhere.
HEAVY = {
  'faiss',
  'keras',
  'tensorflow',
  'tensorflow_datasets',
  'tflite_support',
}
PROGRAMS = (
  'export',
  'tf_twingan.evaluate',
  'tf_twingan.sample',
  'tf_twingan.search',
  'tf_twingan.train',
  'tf_twingan.translate',
)


def run(code):
  """Runs Python code in a new process, and returns its last line as JSON."""
  done = subprocess.run(
    [sys.executable, '-c', code],
    cwd=source_tree.ROOT,
    capture_output=True,
    text=True,
    check=True,
  )
  return json.loads(done.stdout.splitlines()[-1])


class StartupTest(parameterized.TestCase):
  @parameterized.parameters(*PROGRAMS)
  def test_help_imports_nothing_heavy(self, module):
    imported = run(
      f"""
import contextlib, io, json, runpy, sys
sys.argv = [{module!r}, '--help']
output = io.StringIO()
with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
  runpy.run_module({module!r}, run_name='__main__', alter_sys=True)
assert f'python -m {module} ' in output.getvalue(), output.getvalue()
print(json.dumps(sorted(sys.modules)))
"""
    )
    self.assertEmpty(HEAVY & set(imported))

  def test_importing_the_package_imports_nothing_heavy(self):
    imported = run(
      'import json, sys, tf_twingan; print(json.dumps(sorted(sys.modules)))'
    )
    self.assertEmpty(HEAVY & set(imported))
    self.assertNotIn('numpy', imported)

  def test_importing_the_package_leaves_the_environment_alone(self):
    for name in ('TF_CPP_MIN_LOG_LEVEL', 'TF_ENABLE_ONEDNN_OPTS'):
      self.assertIn(name, os.environ)  # Or the next lines prove nothing.
    before, after = run(
      """
import json, os
for name in [name for name in os.environ if name.startswith('TF_')]:
  del os.environ[name]
before = dict(os.environ)
import tf_twingan
print(json.dumps([before, dict(os.environ)]))
"""
    )
    self.assertEqual(before, after)

  def test_translator_and_evaluation_need_no_extra_packages(
    self,
  ):
    shape = run(
      """
import json, sys
sys.modules['faiss'] = None  # An import of it raises ImportError.
import numpy as np
import tf_twingan
translator = tf_twingan.Translator.from_pretrained('avatar_twins')
images = translator.translate(np.zeros([1, 32, 32, 3], np.uint8), to='anime')
# Nor does an evaluation, and none of tflite-support either.
sys.modules['tflite_support'] = sys.modules['tensorflow_lite_support'] = None
from tf_twingan.evaluation import against, command, report
print(json.dumps(images.shape))
"""
    )
    self.assertEqual(shape, [1, 32, 32, 3])


if __name__ == '__main__':
  absltest.main()

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
  'fastapi',
  'keras',
  'tensorflow',
  'tensorflow_datasets',
  'tflite_support',
}
PROGRAMS = (
  'export',
  'tf_twingan.audit',
  'tf_twingan.evaluate',
  'tf_twingan.prepare',
  'tf_twingan.sample',
  'tf_twingan.search',
  'tf_twingan.serve',
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
      """
import json, sys
import export, tf_twingan
tf_twingan.Run('runs/a')
print(json.dumps(sorted(sys.modules)))
"""
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


if __name__ == '__main__':
  absltest.main()

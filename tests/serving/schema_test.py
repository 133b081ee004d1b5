"""The API keeps to its OpenAPI description, whatever is sent to it."""

import pathlib
import subprocess
import sys
import tempfile

import pytest
from absl.testing import absltest

from tests.serving import negatives, server_process
from tf_twingan.serving import settings

_CHECKS = (
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'unsupported_method',
)


def _ask_all(*options: str) -> subprocess.CompletedProcess:
  """Has schemathesis send requests of all kinds to every address."""
  limits = settings.Settings()
  with (
    server_process.running(negatives.app(), limits) as (host, port),
    tempfile.TemporaryDirectory() as folder,
  ):
    return subprocess.run(
      [
        *(sys.executable, '-m', 'schemathesis.cli', 'run'),
        f'http://{host}:{port}/openapi.json',
        f'--checks={",".join(_CHECKS)}',
        '--seed=0',
        '--generation-deterministic',
        '--suppress-health-check=all',
        '--request-timeout=20',
        '--warnings=off',
        '--no-color',
        *options,
      ],
      cwd=pathlib.Path(folder),
      stdout=subprocess.PIPE,
      stderr=subprocess.STDOUT,
      text=True,
      check=False,
    )


class SchemaTest(absltest.TestCase):
  def test_some(self):
    done = _ask_all('--phases=coverage', '--no-shrink')
    self.assertEqual(done.returncode, 0, done.stdout[-5000:])
    self.assertNotIn(' 0 passed', done.stdout)

  @pytest.mark.slow
  def test_many(self):
    done = _ask_all('--max-examples=200')
    self.assertEqual(done.returncode, 0, done.stdout[-5000:])


if __name__ == '__main__':
  absltest.main()

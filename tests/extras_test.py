"""A missing package is one line with the command that installs it."""

import importlib
import sys
from unittest import mock

from absl.testing import absltest

from tests import extra_packages
from tf_twingan import extras


class ExtrasTest(absltest.TestCase):
  def test_a_missing_package_names_its_extra(self):
    with (
      self.assertRaises(extras.MissingPackage) as caught,
      mock.patch.dict(sys.modules, {'faiss': None}),
      extras.needed('search'),
    ):
      import faiss.contrib  # noqa: F401
    self.assertEqual(
      str(caught.exception),
      "faiss is not installed; get it by pip install 'tf_twingan[search]'",
    )

  def test_what_is_needed_later_is_missed_at_once(self):
    extras.check('search', 'json', 'faiss')
    with (
      self.assertRaisesRegex(extras.MissingPackage, r'^faiss is .*\[search\]'),
      mock.patch.dict(sys.modules, {'faiss': None}),
    ):
      extras.check('search', 'json', 'faiss')

  def test_what_is_there_is_imported(self):
    with extras.needed('search'):
      import json
    self.assertEqual(json.dumps(1), '1')

  def test_a_package_that_fails_otherwise_is_not_called_missing(self):
    with self.assertRaisesRegex(ImportError, "cannot import name 'nothing'"):
      with extras.needed('search'):
        from json import nothing  # noqa: F401

  def test_a_missing_module_of_ours_is_a_bug(self):
    with self.assertRaises(ModuleNotFoundError):
      with extras.needed('search'):
        importlib.import_module('tf_twingan.nothing')

  def test_the_core_and_the_extras_are_told_apart(self):
    optional = extra_packages.optional()
    self.assertContainsSubset({'faiss', 'dicebear', 'onnx'}, optional)
    self.assertNoCommonElements({'tensorflow', 'keras', 'numpy'}, optional)


if __name__ == '__main__':
  absltest.main()

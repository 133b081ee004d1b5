"""Holds BUILD against the sources: one rule a module, with its true imports."""

from absl.testing import absltest

from tests import source_tree
from tests.project import bazel_rules

PINNED = {'absl-py', 'tensorflow'}
TREE = source_tree.tree_of(
  {
    'tf_twingan/__init__.py': '',
    'tf_twingan/images.py': 'import os\nimport tensorflow as tf\n',
    'tf_twingan/train.py': (
      'from absl import app\n'
      'from tf_twingan import images\n'
      "if __name__ == '__main__':\n"
      '  app.run(images.main)\n'
    ),
    'tests/images_test.py': 'from tf_twingan import images\n',
  }
)
BUILD = bazel_rules.refreshed(bazel_rules.MARKER, TREE, PINNED)


class BuildFileTest(absltest.TestCase):
  def test_build_agrees_with_the_sources(self):
    build = (source_tree.ROOT / 'BUILD').read_text(encoding='utf-8')
    problems = bazel_rules.problems(
      build, source_tree.read_tree(), bazel_rules.pinned_distributions()
    )
    self.assertEmpty(problems, '\n\n' + '\n\n'.join(problems))


class PlantedBuildFileTest(absltest.TestCase):
  def assert_one_problem(self, build, regex):
    problems = bazel_rules.problems(build, TREE, PINNED)
    self.assertLen(problems, 1)
    self.assertRegex(problems[0], regex)

  def test_rules_are_written_as_buildifier_formats_them(self):
    self.assertIn(
      'py_binary(\n'
      '    name = "tf_twingan.train",\n'
      '    srcs = ["tf_twingan/train.py"],\n'
      '    data = [":data"],\n'
      '    main = "tf_twingan/train.py",\n'
      '    deps = [\n'
      '        ":tf_twingan.images",\n'
      '        "@pypi//absl_py",\n'
      '    ],\n'
      ')\n',
      BUILD,
    )
    self.assertIn('    deps = ["@pypi//tensorflow"],\n', BUILD)
    self.assertEmpty(bazel_rules.problems(BUILD, TREE, PINNED))

  def test_lines_above_the_marker_stay(self):
    by_hand = 'package()\n'
    build = by_hand + bazel_rules.MARKER + 'py_library(name = "gone")\n'
    refreshed = bazel_rules.refreshed(build, TREE, PINNED)
    self.assertEqual(refreshed, by_hand + BUILD)

  def test_a_missing_marker_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'put it back'):
      bazel_rules.refreshed('package()\n', TREE, PINNED)

  def test_a_stale_dependency_is_caught(self):
    build = BUILD.replace('    deps = ["@pypi//tensorflow"],\n', '')
    self.assert_one_problem(build, r'tf_twingan\.images is stale(.|\n)*deps = ')

  def test_a_missing_test_is_caught(self):
    build = BUILD[: BUILD.index('py_test(')]
    self.assert_one_problem(build, r'no rule tests\.images_test(.|\n)*py_test')

  def test_a_rule_without_a_module_is_caught(self):
    build = BUILD + 'py_library(name = "gone", srcs = [])\n'
    self.assert_one_problem(build, 'gone has no module')

  def test_a_missing_source_is_caught(self):
    tree = {name: TREE[name] for name in TREE if name != 'tf_twingan'}
    problems = bazel_rules.problems(BUILD, tree, PINNED)
    self.assertIn('tf_twingan/__init__.py does not exist', problems[0])

  def test_a_source_in_two_rules_is_caught(self):
    rule = 'py_library(name = "again", srcs = ["tf_twingan/images.py"])\n'
    problems = bazel_rules.problems(BUILD + rule, TREE, PINNED)
    self.assertIn('is in tf_twingan.images and in again', problems[0])

  def test_an_unpinned_package_is_caught(self):
    with self.assertRaisesRegex(ValueError, "imports 'tensorflow'"):
      bazel_rules.expected_rules(TREE, {'absl-py'})


if __name__ == '__main__':
  absltest.main()

"""The Android sample reads names that a bundle's manifest really has.

Nothing here compiles Kotlin; what can be held against a bundle is every name
that the sample gives to JSONObject, and the type it takes the value for.
"""

import re
from collections.abc import Mapping
from typing import Any

from absl.testing import absltest

from tests import source_tree
from tests.export import untrained
from tf_twingan.inference.exported import bundle_manifest

ANDROID = source_tree.ROOT / 'export' / 'android'
MAX_LINES = 200
TYPES = {
  'JSONObject': dict,
  'JSONArray': list,
  'String': str,
  'Int': int,
  'Long': int,
  'Double': (int, float),
  'Boolean': bool,
}
# A branch of `when (... "dtype" ...)`.
_DTYPE = re.compile(r'"(\w+)" ->')
# What is read from, the type, the name.
_READ = re.compile(
  r'(files\.getJSONObject\(name\)|\b\w+)\.(?:get|opt)(\w*)\(\s*"([^"]*)"'
)
_ANY_READ = re.compile(r'\.(?:get|opt|has|isNull)\w*\(\s*"')


def sources() -> dict[str, str]:
  return {
    path.name: path.read_text(encoding='utf-8')
    for path in sorted(ANDROID.rglob('*.kt'))
  }


def objects(manifest: Mapping[str, Any]) -> dict[str, list[Any]]:
  """The objects that each variable of the sample may be."""
  entries = list(manifest['files'].values())
  return {
    'manifest': [manifest],
    'golden': [manifest['golden']],
    'entry': entries,
    'files.getJSONObject(name)': entries,
    'tensor': [entry[end] for entry in entries for end in ('input', 'output')],
  }


def problems(kotlin: str, manifest: Mapping[str, Any]) -> list[str]:
  """The names that Kotlin reads and a manifest lacks, and wrong types."""
  lines = []
  known = objects(manifest)
  reads = _READ.findall(kotlin)
  if len(reads) != len(_ANY_READ.findall(kotlin)):
    lines.append('some name is read by another call than get* or opt*')
  for variable, kind, name in reads:
    values = [o[name] for o in known.get(variable, ()) if name in o]
    if not values:
      lines.append(f'{variable} has no {name!r}')
    elif not all(isinstance(value, TYPES[kind]) for value in values):
      lines.append(f'{name!r} of {variable} is no {kind}: {values[0]!r}')
  dtypes = {tensor['dtype'] for tensor in known['tensor']}
  lines += [f'no dtype {d!r}' for d in set(_DTYPE.findall(kotlin)) - dtypes]
  return lines


class AndroidSampleTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    manifest = bundle_manifest.read_manifest(untrained.bundle())
    # The sample takes TFLite files that translate.
    manifest['files'] = {
      name: entry
      for name, entry in manifest['files'].items()
      if entry['format'] in ('dynamic', 'int8')
    }
    cls.manifest = manifest
    cls.kotlin = '\n'.join(sources().values())

  def test_every_name_is_in_a_real_manifest(self):
    self.assertEmpty(problems(self.kotlin, self.manifest))
    names = {name for *_, name in _READ.findall(self.kotlin)}
    self.assertContainsSubset(
      {'resolution', 'files', 'input', 'output', 'dtype', 'scale'}, names
    )
    self.assertCountEqual(_DTYPE.findall(self.kotlin), ['float32', 'uint8'])

  def test_no_file_is_typed_in(self):
    self.assertNotRegex(self.kotlin, r'\w\.tflite"')
    self.assertIn(f'"{bundle_manifest.MANIFEST}"', self.kotlin)

  def test_it_stays_small(self):
    lines = sum(len(text.splitlines()) for text in sources().values())
    self.assertBetween(lines, 1, MAX_LINES - 1)

  def test_planted_faults_are_caught(self):
    for planted, message in {
      'tensor.getInt("zeroPoint")': "tensor has no 'zeroPoint'",
      'manifest.optString("licence_")': "manifest has no 'licence_'",
      'manifest.getInt("dtype")': "manifest has no 'dtype'",
      'other.getInt("dtype")': "other has no 'dtype'",
      'manifest.getString("resolution")': 'is no String: 8',
      'entry.has("scales")': 'read by another call',
      '"int4" -> true': "no dtype 'int4'",
    }.items():
      found = problems(self.kotlin + planted, self.manifest)
      self.assertLen(found, 1, planted)
      self.assertIn(message, found[0])

  def test_the_build_names_the_interpreter_that_is_imported(self):
    gradle = (ANDROID / 'build.gradle.kts').read_text(encoding='utf-8')
    litert = re.search(r'com\.google\.ai\.edge\.litert:litert:[\d.]+', gradle)
    readme = (ANDROID / 'README.md').read_text(encoding='utf-8')
    self.assertIn(litert.group(), readme)
    self.assertIn('not built or run here', readme)


if __name__ == '__main__':
  absltest.main()

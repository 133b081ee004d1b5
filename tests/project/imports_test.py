"""The table of which room may import which, held against every import.

A room is a module or folder directly below `tf_twingan/`, or another top-level
folder. Programs (what `python -m` runs) are a room of their own, which only
tests may import.
"""

from collections.abc import Mapping

from absl.testing import absltest, parameterized

from tests import source_tree

PACKAGE = 'tf_twingan'  # Itself: `from tf_twingan import Translator`.
LIBRARY = {
  'beam_parts',
  'beam_runners',
  'color_profiles',
  'compat',
  'image_io',
  'image_arrays',
  'image_grids',
  'av1_headers',
  'image_headers',
  'image_limits',
  'image_masks',
  'jpeg_headers',
  'tiff_headers',
  'image_pixels',
  'memory_budget',
  'optical_flow',
  'other_files',
  'photo_files',
  'png_chunks',
  'provenance',
  'regular_files',
  'tflite_files',
  'files',
  'framing',
  'errors',
  'extras',
  'face_detectors',
  'faces',
  'forks',
  'gin_bindings',
  'gin_corrections',
  'gin_files',
  'gin_types',
  'graph_operations',
  'hdf5_files',
  'home_folder',
  'image_networks',
  'html_pages',
  'json_files',
  'keras_files',
  'literal_paths',
  'plain_names',
  'shell_words',
  'tflite_notice',
  'runs',
  'losses',
  'data',
  'models',
  'metrics',
  'training',
  'inference',
  'evaluation',
  'retrieval',
  'pretrained',
  'serving',
}

# Every room may import itself.
ALLOWED: Mapping[str, set[str]] = {
  'beam_parts': {'beam_runners', 'extras'},
  'beam_runners': {'errors', 'extras'},
  'compat': {'tflite_notice'},
  'tflite_notice': set(),
  'image_arrays': set(),
  'av1_headers': set(),
  'image_headers': {
    'av1_headers',
    'image_limits',
    'jpeg_headers',
    'tiff_headers',
  },
  'image_limits': set(),
  'image_masks': set(),
  'jpeg_headers': {'image_limits'},
  'tiff_headers': {'image_limits'},
  'image_io': {
    'errors',
    'extras',
    'files',
    'image_arrays',
    'image_headers',
    'image_limits',
    'image_pixels',
    'memory_budget',
    'other_files',
    'png_chunks',
    'regular_files',
  },
  'image_pixels': {'image_limits'},
  'color_profiles': set(),
  'photo_files': {
    'color_profiles',
    'files',
    'image_arrays',
    'image_io',
    'provenance',
  },
  'provenance': {'errors', 'image_io'},
  'memory_budget': set(),
  'optical_flow': {'extras'},
  'other_files': set(),
  'png_chunks': set(),
  'regular_files': set(),
  'tflite_files': set(),
  'image_grids': {'errors', 'image_arrays'},
  'framing': {'image_arrays', 'image_io'},
  'files': {'errors', 'regular_files'},
  'errors': set(),
  'extras': set(),
  'face_detectors': {'compat', 'extras', 'image_arrays'},
  # Detectors by name.
  'faces': {'errors', 'face_detectors'},
  'forks': set(),
  'gin_bindings': set(),
  'gin_corrections': {'errors', 'gin_bindings', 'shell_words'},
  'gin_files': {'gin_bindings', 'gin_corrections', 'gin_types'},
  'gin_types': {'gin_bindings'},
  'graph_operations': set(),
  'hdf5_files': set(),
  'home_folder': set(),
  'image_networks': {
    'compat',
    'files',
    'graph_operations',
    'keras_files',
    'literal_paths',
    'regular_files',
    'tflite_files',
  },
  'keras_files': {'hdf5_files', 'regular_files'},
  'html_pages': {'errors', 'extras'},
  'literal_paths': set(),
  'plain_names': set(),
  'json_files': {'errors', 'plain_names', 'regular_files'},
  'pretrained': set(),
  'shell_words': {'errors'},
  'data': {
    'beam_parts',
    'beam_runners',
    'compat',
    'faces',
    'framing',
    'html_pages',
    'image_headers',
    'image_arrays',
    'image_grids',
    'image_io',
    'image_masks',
    'image_limits',
    'image_networks',
    'files',
    'errors',
    'extras',
    'gin_bindings',
    'home_folder',
    'json_files',
    'plain_names',
    'pretrained',
    'regular_files',
    'shell_words',
  },
  'models': {'compat', 'errors'},
  'metrics': {'optical_flow'},
  'runs': {
    'forks',
    'compat',
    'data',
    'files',
    'framing',
    'errors',
    'gin_bindings',
    'json_files',
    'literal_paths',
    'plain_names',
    'models',
    'pretrained',
    'regular_files',
    'shell_words',
  },
  'losses': {'compat', 'models', 'runs'},
  'training': {
    'extras',
    'forks',
    'compat',
    'framing',
    'image_arrays',
    'image_io',
    'image_grids',
    'files',
    'errors',
    'json_files',
    'literal_paths',
    'plain_names',
    'data',
    'models',
    'metrics',
    'losses',
    'runs',
  },
  'inference': {
    'beam_parts',
    'beam_runners',
    'forks',
    'compat',
    'data',
    'faces',
    'framing',
    'graph_operations',
    'image_arrays',
    'image_io',
    'image_networks',
    'image_grids',
    'image_limits',
    'color_profiles',
    'files',
    'errors',
    'extras',
    'json_files',
    'literal_paths',
    'models',
    'optical_flow',
    'photo_files',
    'plain_names',
    'provenance',
    'runs',
    'regular_files',
    'shell_words',
    'tflite_files',
  },
  'evaluation': {
    'extras',
    'html_pages',
    'compat',
    'image_arrays',
    'image_io',
    'image_networks',
    'image_grids',
    'image_masks',
    'files',
    'errors',
    'json_files',
    'data',
    'metrics',
    'inference',
    'runs',
    'shell_words',
  },
  'retrieval': {
    'extras',
    'image_io',
    'image_grids',
    'files',
    'errors',
    'json_files',
    'plain_names',
    'data',
    'inference',
    'runs',
    'regular_files',
    'shell_words',
  },
  'serving': {
    'color_profiles',
    'data',
    'errors',
    'extras',
    'files',
    'image_arrays',
    'image_headers',
    'image_io',
    'image_limits',
    'inference',
    'json_files',
    'metrics',
    'photo_files',
    'plain_names',
    'provenance',
    'regular_files',
    'retrieval',
    'runs',
  },
  PACKAGE: {'forks', 'inference', 'python_interface', 'retrieval'},
  # Registers with gin what the gin files name.
  'configurables': {'models', 'losses', 'training'},
  # What programs share.
  'cli': {
    'extras',
    'errors',
    'files',
    'home_folder',
    'inference',
    'runs',
    'shell_words',
  },
  # Flags for what a gin file names.
  'gin_flags': {'cli', 'gin_bindings', 'gin_files', 'home_folder'},
  # Flags for the options of a preparation.
  'prepare_flags': {'cli', 'data', 'faces'},
  # Flags for whole photos.
  'photo_flags': {'cli', 'data', 'faces', 'inference'},
  # Flags for films and cameras.
  'film_flags': {'inference', 'photo_flags', 'provenance', 'translate_flags'},
  # Flags of the server.
  'serve_flags': {'cli', 'errors', 'regular_files', 'serving'},
  # Flags for what results are written.
  'translate_flags': {'beam_runners', 'cli', 'inference', 'photo_files'},
  # Trains as a gin file says.
  'gin_training': {'configurables', 'errors', 'gin_files', 'training'},
  # `Run`, for programs and notebooks of others.
  'python_interface': {
    'cli',
    'evaluation',
    'gin_bindings',
    'gin_training',
    'home_folder',
    'image_io',
    'inference',
    'runs',
    'training',
  },
  'programs': LIBRARY - {'losses', 'metrics', 'pretrained'}
  | {'cli', 'film_flags', 'gin_flags', 'gin_training', 'photo_flags'}
  | {'prepare_flags', 'serve_flags', 'translate_flags'},
  'export': LIBRARY
  - {'training', 'losses', 'evaluation', 'gin_files', 'pretrained'}
  - {'serving'}
  | {'cli', PACKAGE},
  'benchmarks': LIBRARY
  | {PACKAGE, 'cli', 'configurables', 'export', 'gin_flags'},
  'tests': LIBRARY
  | {
    PACKAGE,
    'cli',
    'configurables',
    'film_flags',
    'gin_flags',
    'gin_training',
    'prepare_flags',
    'programs',
    'python_interface',
    'photo_flags',
    'serve_flags',
    'translate_flags',
    'export',
    'benchmarks',
  },
}


def room_of(module: source_tree.Module) -> str:
  """Returns the row of the table that a module belongs to."""
  parts = module.name.split('.')
  if parts[0] != PACKAGE:
    return parts[0]
  if module.is_program:
    return 'programs'
  return parts[1] if len(parts) > 1 else PACKAGE


def violations(tree: source_tree.Tree) -> list[str]:
  """Returns one line for every import that the table does not allow."""
  lines = []
  for module in tree.values():
    room = room_of(module)
    if room not in ALLOWED:
      lines.append(
        f'{module.path}: {room!r} is not in the table of '
        'tests/project/imports_test.py; add what it may import.'
      )
      continue
    for name in sorted(source_tree.own_imports(module, tree)):
      if name not in tree:
        lines.append(f'{module.path} imports {name}, which does not exist.')
        continue
      target = room_of(tree[name])
      if target not in ALLOWED[room] | {room}:
        lines.append(
          f'{module.path} imports {name}, but {room!r} may import only '
          f'{sorted(ALLOWED[room]) or "nothing of ours"}.'
        )
      elif tree[name].is_program and room != 'tests':
        lines.append(f'{module.path} imports {name}, which is a program.')
  return lines


def cycle(tree: source_tree.Tree) -> list[str]:
  """Returns the modules of one import cycle, or none."""
  finished = set()

  def visit(name: str, path: list[str]) -> list[str]:
    if name in path:
      return path[path.index(name) :] + [name]
    if name in finished:
      return []
    for target in sorted(source_tree.own_imports(tree[name], tree) & set(tree)):
      found = visit(target, path + [name])
      if found:
        return found
    finished.add(name)
    return []

  for name in tree:
    found = visit(name, [])
    if found:
      return found
  return []


class ImportsTest(parameterized.TestCase):
  def test_imports_follow_the_table(self):
    lines = violations(source_tree.read_tree())
    self.assertEmpty(lines, '\n' + '\n'.join(lines))

  def test_there_is_no_cycle(self):
    found = cycle(source_tree.read_tree())
    self.assertEmpty(found, ' -> '.join(found))

  @parameterized.named_parameters(
    ('leaf', 'tf_twingan/image_io.py', 'from tf_twingan import metrics'),
    ('losses', 'tf_twingan/losses/a.py', 'from tf_twingan import data'),
    ('models', 'tf_twingan/models/a.py', 'from tf_twingan import metrics'),
    ('relative', 'tf_twingan/models/a.py', 'from .. import metrics'),
    ('deferred', 'tf_twingan/data/a.py', 'def f(): import tf_twingan.metrics'),
    ('export', 'tf_twingan/inference/a.py', 'import export'),
    ('program', 'tf_twingan/training/a.py', 'from tf_twingan import train'),
    ('own_program', 'export/a.py', 'from export import __main__'),
    ('other_program', 'tf_twingan/train.py', 'from tf_twingan import search'),
    ('package', 'tf_twingan/gin_files.py', 'from tf_twingan import Translator'),
    ('missing', 'tf_twingan/gin_files.py', 'import tf_twingan.nothing'),
    ('unknown_room', 'tf_twingan/utils.py', ''),
  )
  def test_a_forbidden_import_is_caught(self, path, source):
    program = "if __name__ == '__main__':\n  pass\n"
    sources = {
      'tf_twingan/__init__.py': '',
      'tf_twingan/data/__init__.py': '',
      'tf_twingan/metrics/__init__.py': '',
      'tf_twingan/train.py': program,
      'tf_twingan/search.py': program,
      'export/__init__.py': '',
      'export/__main__.py': '',
    }
    self.assertEmpty(violations(source_tree.tree_of(sources)))
    sources[path] = f'{sources.get(path, "")}\n{source}\n'
    lines = violations(source_tree.tree_of(sources))
    self.assertLen(lines, 1)
    self.assertStartsWith(lines[0], path)

  def test_a_cycle_is_caught(self):
    tree = source_tree.tree_of(
      {
        'tf_twingan/models/a.py': 'from tf_twingan.models import b',
        'tf_twingan/models/b.py': 'from . import c',
        'tf_twingan/models/c.py': 'def f():\n  import tf_twingan.models.b',
      }
    )
    self.assertEqual(
      cycle(tree),
      ['tf_twingan.models.b', 'tf_twingan.models.c', 'tf_twingan.models.b'],
    )


if __name__ == '__main__':
  absltest.main()

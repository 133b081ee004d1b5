"""docs/notebook.ipynb and docs/python.md name what exists; the former runs."""

import ast
import base64
import importlib
import inspect
import io
import json
import os
import pathlib
import re
import tempfile
from collections.abc import Iterator
from typing import Any
from unittest import mock

import nbclient
import nbformat
import pytest
from absl.testing import absltest
from PIL import Image

import gin
import tf_twingan
from tests import source_tree
from tf_twingan import (
  configurables,  # noqa: F401 (registers what gin files name)
  gin_bindings,
  gin_files,
)
from tf_twingan.training import growth_schedule

PATH = source_tree.ROOT / 'docs' / 'notebook.ipynb'
# Seconds for a cell; the training takes some minutes.
PATIENCE = 1800
# What its variables hold.
VARIABLES = {
  'run': tf_twingan.Run,
  'shipped': tf_twingan.Translator,
  'translator': tf_twingan.Translator,
}


def read() -> dict[str, Any]:
  return json.loads(PATH.read_text(encoding='utf-8'))


def trainings(module: ast.Module) -> Iterator[tuple[str, list[str]]]:
  """The gin file and the bindings of each call of `run.train` with params."""
  for node in ast.walk(module):
    if isinstance(node, ast.Call) and ast.unparse(node.func) == 'run.train':
      arguments = {k.arg: k.value for k in node.keywords}
      if 'params' in arguments:
        yield (
          ast.literal_eval(node.args[0]),
          gin_bindings.write(ast.literal_eval(arguments['params'])),
        )


def code_cells(notebook) -> list[dict[str, Any]]:
  return [c for c in notebook['cells'] if c['cell_type'] == 'code']


def syntax(notebook) -> ast.Module:
  """All code cells; lines that are IPython's do nothing."""
  lines = []
  for cell in code_cells(notebook):
    for line in ''.join(cell['source']).splitlines():
      indent = line[: len(line) - len(line.lstrip())]
      lines.append(f'{indent}pass' if line.lstrip()[:1] in '%!' else line)
  return ast.parse('\n'.join(lines))


def has_attribute(owner: Any, name: str) -> bool:
  """Whether a module, or an object of a class, has an attribute."""
  if hasattr(owner, name):
    return True
  return inspect.isclass(owner) and f'self.{name} = ' in inspect.getsource(
    owner
  )


def unknown_names(tree: ast.Module) -> Iterator[str]:
  """Yields attributes and keywords of the package that do not exist."""
  known = dict(VARIABLES)
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      for alias in node.names:
        known[alias.asname or alias.name] = importlib.import_module(alias.name)
    elif isinstance(node, ast.ImportFrom):
      module = importlib.import_module(node.module)
      for alias in node.names:
        known[alias.asname or alias.name] = getattr(module, alias.name)

  def value_of(node):
    if isinstance(node, ast.Name):
      return known.get(node.id)
    if isinstance(node, ast.Attribute):
      return getattr(value_of(node.value), node.attr, None)
    return None

  for node in ast.walk(tree):
    if isinstance(node, ast.Attribute):
      owner = value_of(node.value)
      if owner is not None and not has_attribute(owner, node.attr):
        yield ast.unparse(node)
    if isinstance(node, ast.Call):
      function = value_of(node.func)
      if function is None or not function.__module__.startswith(
        ('tf_twingan', 'export')
      ):
        continue
      parameters = inspect.signature(function).parameters
      for keyword in node.keywords:
        if keyword.arg not in parameters:
          yield f'{ast.unparse(node.func)}({keyword.arg}=)'


class NotebookTest(absltest.TestCase):
  def test_outputs_are_stripped(self):
    for cell in code_cells(read()):
      self.assertEqual(cell['outputs'], [])
      self.assertIsNone(cell['execution_count'])
      self.assertEqual(cell['metadata'], {})

  def test_it_names_what_exists(self):
    self.assertEmpty(list(unknown_names(syntax(read()))))

  def test_the_page_names_what_exists(self):
    page = (source_tree.ROOT / 'docs' / 'python.md').read_text()
    blocks = re.findall(r'```python\n(.*?)```', page, re.DOTALL)
    self.assertLen(blocks, 3)
    self.assertEmpty(list(unknown_names(ast.parse('\n'.join(blocks)))))

  def test_an_unknown_name_is_caught(self):
    cells = [
      'import export, tf_twingan\n%matplotlib inline',
      'if tf_twingan:\n  !ls\nrun = tf_twingan.Runs("a")',
      "run.trane('anime.gin')\nrun.train('anime.gin', on_step=print)",
      "export.export(shipped, two='anime')",
    ]
    notebook = {'cells': [dict(cell_type='code', source=[c]) for c in cells]}
    self.assertCountEqual(
      unknown_names(syntax(notebook)),
      [
        'tf_twingan.Runs',
        'run.trane',
        'run.train(on_step=)',
        'export.export(two=)',
      ],
    )

  def test_its_training_has_values_that_the_gin_file_takes(self):
    self.addCleanup(gin.clear_config)
    (training,) = trainings(syntax(read()))
    gin_files.parse(*training)

  def test_trainings_of_the_page_have_a_schedule(self):
    self.addCleanup(gin.clear_config)
    page = (source_tree.ROOT / 'docs' / 'python.md').read_text()
    blocks = re.findall(r'```python\n(.*?)```', page, re.DOTALL)
    found = list(trainings(ast.parse('\n'.join(blocks))))
    self.assertLen(found, 2)
    for training in found:
      gin.clear_config()
      gin_files.parse(*training)
      self.assertGreater(growth_schedule.Growth().total_images, 0)

  @pytest.mark.slow
  def test_it_runs(self):
    folder = pathlib.Path(tempfile.mkdtemp())
    notebook = nbformat.read(PATH, nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    with mock.patch.dict(os.environ, PYTHONPATH=str(source_tree.ROOT)):
      nbclient.NotebookClient(
        notebook,
        timeout=PATIENCE,
        resources={'metadata': {'path': str(folder)}},
      ).execute()
    outputs = [o for c in code_cells(notebook) for o in c['outputs']]
    images = [
      Image.open(io.BytesIO(base64.b64decode(output['data']['image/png'])))
      for output in outputs
      if 'image/png' in output.get('data', {})
    ]
    # The curve, the samples, and translations by two models.
    self.assertLen(images, 4)
    grid = Image.open(max((folder / 'runs/notebook/samples').iterdir()))
    self.assertEqual(images[1].size, grid.size)
    self.assertIn('manifest.json', outputs[-1]['data']['text/plain'])
    self.assertTrue((folder / 'bundles/anime/saved_model/1').is_dir())


if __name__ == '__main__':
  absltest.main()

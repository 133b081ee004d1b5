"""Gin text as data: what it says, without doing what it says."""

import pathlib

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan import gin_bindings


def read(text):
  return list(gin_bindings.read(text))


class GinBindingsTest(parameterized.TestCase):
  def test_values_references_and_includes(self):
    self.assertEqual(
      read(
        "import antigravity\ninclude 'base.gin'\n"
        "photo = 'folder:/a'\nsize = -32\nf.x = [('photo', %photo), None]\n"
        'scope/f.model = @TwinGAN\nf.growth = @Growth()\n'
      ),
      [
        gin_bindings.Include('base.gin'),
        gin_bindings.Binding('photo', 'folder:/a'),
        gin_bindings.Binding('size', -32),
        gin_bindings.Binding(
          'f.x', [('photo', gin_bindings.Macro('photo')), None]
        ),
        gin_bindings.Binding(
          'scope/f.model', gin_bindings.Configurable('TwinGAN', False)
        ),
        gin_bindings.Binding(
          'f.growth', gin_bindings.Configurable('Growth', True)
        ),
      ],
    )

  def test_a_value_may_go_over_lines_and_in_blocks(self):
    self.assertEqual(
      read("photo = \\\n    'folder:/it\\'s \\\\ \\u3042'\nGrowth:\n  a = 1\n"),
      [
        gin_bindings.Binding('photo', "folder:/it's \\ \u3042"),
        gin_bindings.Binding('Growth.a', 1),
      ],
    )

  def test_references_read_as_gin_writes_them(self):
    (binding,) = read('f.x = [%photo, @TwinGAN, @Growth()]')
    self.assertEqual(repr(binding.value), '[%photo, @TwinGAN, @Growth()]')

  def test_python_values_are_read_as_they_were_written(self):
    values = {
      'photo': "folder:C:\\it's \u3042?crop=0.7",
      'Growth.stable_images': {8: 4_000, 16: np.int64(2)},
      'Trainer.learning_rate': np.float32(0.5),
      'train.mirror': False,
      'train.init_from': pathlib.PurePosixPath('runs/a'),
      'train.stop_after_images': None,
      'train.domains': [('photo', '%photo'), ('cat', 'folder:@')],
      'Trainer.model': '@CycleGAN',
      'train.growth': '@Growth()',
    }
    found = {
      b.name: b.value for b in read('\n'.join(gin_bindings.write(values)))
    }
    self.assertEqual(
      found,
      {
        **values,
        'Growth.stable_images': {8: 4_000, 16: 2},
        'Trainer.learning_rate': 0.5,
        'train.init_from': 'runs/a',
        'train.domains': [
          ('photo', gin_bindings.Macro('photo')),
          ('cat', 'folder:@'),
        ],
        'Trainer.model': gin_bindings.Configurable('CycleGAN', False),
        'train.growth': gin_bindings.Configurable('Growth', True),
      },
    )

  @parameterized.parameters(
    ('photo',),
    ("photo = 'a' + 'b'",),
    ('photo = __import__("os").getcwd()',),
    ('photo = folder:/a',),
    ('photo = [1, 2',),
    ("photo = '\\Users'",),
    ('x = {[1]: 2}',),
    (f'x = {"[" * 5000}',),
    ('\0',),
    ('0777 = 1',),
    ('x = 1 \\\n\0',),
    ('',),
  )
  def test_what_is_not_gin_is_refused_after_what_is(self, text):
    found = []
    try:
      for binding in gin_bindings.read(f'first = 1\n{text}'):
        found.append(binding)
    except gin_bindings.Malformed as error:
      self.assertNotIn('\n', str(error))
      self.assertNotEqual(str(error), '')
      refused = True
    else:
      refused = False
    self.assertEqual(refused, bool(text))
    self.assertEqual(found, [gin_bindings.Binding('first', 1)])


if __name__ == '__main__':
  absltest.main()

"""model.json: what it says is checked, and another architecture is refused."""

import json
import os
import pathlib
import tempfile

from absl.testing import absltest, parameterized

from tf_twingan.models import registry
from tf_twingan.runs import config_files

DOMAINS = {'domains': ['a', 'b'], 'max_resolution': 8}
WRONG = (None, True, 'x', '', -1, 0, 1.5, 10**30, float('nan'), [], [1], {})


class ConfigFilesTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp())

  def write(self, **options):
    config_files.write_model(str(self.folder), {**DOMAINS, **options})

  def check(self, **options):
    config_files.check_model(str(self.folder), {**DOMAINS, **options})

  def read(self):
    return config_files.read_model(str(self.folder))

  def test_model_file_round_trip(self):
    self.write()
    self.assertEqual(self.read(), {'model': 'twingan', **DOMAINS})
    self.write()

  def test_another_architecture_is_refused_by_name(self):
    self.write(norm='batch', channels_max=8)
    with self.assertRaisesRegex(
      ValueError, "norm is 'batch' there and 'instance' here"
    ):
      self.check(norm='instance', channels_max=8)
    self.check(norm='batch', channels_max=8)
    self.assertEqual(self.read()['norm'], 'batch')

  def test_what_is_there_is_replaced(self):
    for text in ('{"norm": "ba', '{"model": "other", "domains": ["c"]}'):
      (self.folder / 'model.json').write_text(text)
      self.write(norm='instance')
      self.assertEqual(
        self.read(), {'model': 'twingan', **DOMAINS, 'norm': 'instance'}
      )

  def test_no_file_forbids_nothing(self):
    self.check(norm='batch')

  def test_a_file_of_an_older_version_means_the_defaults(self):
    folder = str(self.folder)
    self.write(norm='batch')
    described = {**DOMAINS, 'norm': 'batch'}
    with self.assertRaisesRegex(ValueError, 'smooth is False there and True'):
      config_files.check_model(
        folder, {**described, 'smooth': True}, {'smooth': False}
      )
    config_files.check_model(
      folder, {**described, 'smooth': False}, {'smooth': False}
    )

  def test_precision_may_change(self):
    self.write(precision='bfloat16', smooth=True)
    self.check(precision='float32', smooth=True)

  def test_no_run_and_a_damaged_run(self):
    with self.assertRaisesRegex(
      FileNotFoundError, 'not a run directory: it holds no model.json. Train'
    ):
      self.read()
    with self.assertRaisesRegex(FileNotFoundError, 'there is no such folder'):
      config_files.read_model(str(self.folder / 'nowhere'))
    (self.folder / 'model.json').write_text('{"norm": ')
    with self.assertRaisesRegex(ValueError, 'model.json is damaged'):
      self.read()

  def test_a_checkpoint_in_the_place_of_its_run(self):
    self.write()
    (self.folder / 'checkpoints').mkdir()
    for name in ('checkpoints', 'checkpoints/000000008', 'model.json'):
      with self.assertRaisesRegex(
        FileNotFoundError, f'did you mean {self.folder}, the run that it is in'
      ):
        config_files.read_model(str(self.folder / name))

  def test_nothing_is_left_half_written(self):
    self.write()
    self.assertEqual(os.listdir(self.folder), ['model.json'])

  @parameterized.parameters(
    ({'domains': ['/tmp/x', 'b']}, r"domains\.0: '/tmp/x' has the character"),
    ({'domains': ['..', 'b']}, 'begins with a dot'),
    ({'domains': 'ab'}, 'domains: .* array'),
    ({'max_resolution': '8'}, "max_resolution: .* and it is '8'"),
    ({'smooth': 1}, 'smooth: .* and it is 1'),
    ({'later': 1}, 'later: this version of tf_twingan knows no such key'),
    ({'model': ['twingan']}, 'model: '),
    ({'model': 'newer'}, "model.json: Unknown model 'newer'"),
  )
  def test_wrong_values_are_named(self, values, message):
    described = {**DOMAINS, 'model': 'twingan', **values}
    (self.folder / 'model.json').write_text(json.dumps(described))
    with self.assertRaisesRegex(ValueError, message) as caught:
      self.read()
    self.assertIn('model.json', str(caught.exception))

  @parameterized.parameters(*registry.ARCHITECTURES)
  def test_a_file_of_wrong_values_is_one_sentence_for_every_key(self, kind):
    domains = ['a'] if kind == 'pggan' else ['a', 'b']
    small = {} if kind in ('twingan', 'pggan') else {'channels': 1}
    model = registry.build(
      {'model': kind, 'domains': domains, 'max_resolution': 8, **small}
    )
    described = registry.describe(model)
    for key in described:
      for value in WRONG:
        content = json.dumps({**described, key: value})
        (self.folder / 'model.json').write_text(content)
        try:
          config_files.read_model(str(self.folder))
        except ValueError as error:
          self.assertNotIn('\n', str(error))


if __name__ == '__main__':
  absltest.main()

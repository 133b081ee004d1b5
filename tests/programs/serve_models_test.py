"""The flags of `serve` that say which models there are, and where."""

import pathlib

from absl import flags
from absl.testing import absltest, flagsaver

from tests import shared_artifacts
from tests.serving import exports, model_servers
from tf_twingan import serve, serve_flags

assert serve.main  # Defines the flags.


def opened(**values):
  """The models that flags ask for, and those that are followed."""
  flags.FLAGS.mark_as_parsed()
  with flagsaver.flagsaver(**values):
    settings = serve_flags.settings()
    models, watched = serve_flags.models(settings)
    return settings, list(models), [one.source.name for one in watched]


class ServeModelsTest(absltest.TestCase):
  def test_the_shipped_model_is_served_where_none_is_named(self):
    _, (model,), watched = opened()
    self.assertEqual((model.name, watched), ('avatar_twins', []))

  def test_runs_and_bundles_are_followed(self):
    run, bundle = str(shared_artifacts.run(seed=1)), str(exports.bundle(1))
    _, models, watched = opened(run_dir=[run, f'mine={run}'], bundle=[bundle])
    names = [pathlib.Path(run).name, 'mine', exports.NAME]
    self.assertEqual([model.name for model in models], names)
    self.assertEqual(watched, names)
    (tflite,) = pathlib.Path(bundle).glob('*.tflite')
    _, (model,), watched = opened(bundle=[str(tflite)])
    self.assertEqual((model.name, watched), (exports.NAME, []))

  def test_a_damaged_checkpoint_is_passed_over_at_the_start(self):
    run = shared_artifacts.copy_of(shared_artifacts.run(seed=1))
    for path in (run / 'checkpoints').glob('000001000.*'):
      newer = path.with_name(path.name.replace('1000', '2000'))
      newer.write_bytes(path.read_bytes()[:100])
    _, (model,), _ = opened(run_dir=[str(run)])
    self.assertEqual(model.version, 1000)

  def test_a_damaged_bundle_is_not_served(self):
    bundle = exports.bundle(1)
    exports.add_damaged(bundle, 2)
    with self.assertRaisesRegex(
      ValueError, 'photo2anime: saved_model/2 is not'
    ):
      opened(bundle=[str(bundle)])

  def test_a_run_that_is_not_there(self):
    with self.assertRaisesRegex(FileNotFoundError, 'is not a run directory'):
      opened(run_dir=['/nowhere'])

  def test_a_model_server(self):
    served = self.enter_context(
      model_servers.ModelServer({exports.NAME: {4: model_servers.inverting()}})
    )
    served.labels = {exports.NAME: {'stable': 4}}
    bundle = str(exports.bundle(1))
    for values in (
      dict(tf_serving_model=exports.NAME),
      dict(tf_serving_model=exports.NAME, tf_serving_label='stable'),
      dict(bundle=[bundle]),
      dict(bundle=[f'{exports.NAME}={bundle}']),
    ):
      settings, (model,), watched = opened(
        tf_serving=served.address, poll_seconds=7.0, **values
      )
      self.assertEqual((model.name, model.version), (exports.NAME, 4))
      self.assertEqual(watched, [exports.NAME])
      self.assertEqual((settings.poll_s, settings.model_threads), (7.0, 4))
    with self.assertRaisesRegex(ValueError, 'given 2 times'):
      opened(tf_serving=served.address, bundle=[bundle, bundle])
    with self.assertRaisesRegex(ValueError, 'give host:port'):
      opened(tf_serving='nowhere', tf_serving_model='x')


if __name__ == '__main__':
  absltest.main()

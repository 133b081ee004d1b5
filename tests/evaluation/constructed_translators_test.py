"""Each fault of a constructed translator shows in the scores made for it."""

import functools
from unittest import mock

import numpy as np
import pytest
from absl.testing import absltest

from tf_twingan import image_arrays
from tf_twingan.evaluation import (
  backgrounds,
  baselines,
  candidates,
  columns,
  dataset_pair,
  feature_networks,
  group_gaps,
  metric,
  out_of_distribution,
  robustness_scores,
  scores,
  tasks,
)
from tf_twingan.metrics import sliced_wasserstein

COUNT = 40
DATASETS = {
  'photo': 'avatars:toon-head?limit=400',
  'anime': 'avatars:lorelei?limit=400',
}


def blurred(images):
  return image_arrays.downsample(images, 8).repeat(4, 1).repeat(4, 2)


@pytest.mark.slow
class ConstructedTranslatorsTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    pair = dataset_pair.load(DATASETS, 32, COUNT)
    task = tasks.between(pair, 'photo', 'anime')
    sources, targets = task.sources, task.real
    # One that lets the background tint the whole image.
    tinted = [
      targets // 2 + p[:, :1, :1] // 2
      for p in (sources, task.recolored.sources)
    ]
    # Their translations of the sources, of the mirrored sources, and of those
    # on other backgrounds.
    translations = {
      'oracle': (targets, targets[:, :, ::-1], task.recolored.targets),
      'tinter': (tinted[0], tinted[0][:, :, ::-1], tinted[1]),
      'copier': (sources, sources[:, :, ::-1]),
      'shuffler': (np.roll(targets, 1, 0), np.roll(targets, 2, 0)[:, :, ::-1]),
      'blurrer': (blurred(targets), blurred(targets)[:, :, ::-1]),
      'collapser': (np.repeat(targets[:1], COUNT, 0),) * 2,
      'flipper': (targets, targets),
      'turner': (targets[:, :, ::-1], targets),
    }
    rows = {
      name: candidates.Candidate(*images)
      for name, images in translations.items()
    }
    rows |= baselines.of_task(task, rows['oracle'])
    cls.task = task
    cls.network = scores.feature_network(task, 'own')
    # Fewer samples: most of the time went there.
    distance = functools.partial(
      sliced_wasserstein.distance, patches=32, directions=64
    )
    with mock.patch.object(sliced_wasserstein, 'distance', distance):
      cls.scores = scores.score(task, rows, network=cls.network)

  def column(self, name):
    return {row: s.columns[name] for row, s in self.scores.items()}

  def test_the_ground_truth_is_compared(self):
    recall, hair = self.column('recall@1'), self.column('hair kept')
    self.assertEqual(recall['oracle'], 1)
    self.assertGreater(recall['blurrer'], recall['copier'])
    self.assertEqual(recall['shuffler'], 0)
    self.assertEqual(recall['collapser'], 1 / COUNT)
    self.assertEqual(hair['oracle'], 1)
    self.assertLess(hair['shuffler'], 0.8)
    background = self.column('background')
    self.assertEqual(background['oracle'], 0)
    self.assertEqual(background['copier'], 0)
    self.assertGreater(background['shuffler'], background['blurrer'])

  def test_each_failure_shows(self):
    copying, turned = self.column('copying'), self.column('turned')
    self.assertEqual(copying['copier'], 0)
    self.assertGreater(copying['oracle'], 0.5)
    self.assertEqual((turned['oracle'], turned['flipper']), (0, 1))
    distinct, similar = self.column('distinct'), self.column('diversity')
    self.assertLess(distinct['collapser'], 0.2)
    self.assertGreater(distinct['oracle'], 0.8)
    self.assertGreater(similar['collapser'], similar['oracle'] + 0.5)
    textures = self.column('SWD')
    self.assertGreater(textures['blurrer'], textures['oracle'])
    self.assertGreater(self.column('explained')['copier'], 0.2)

  def test_a_background_that_reaches_the_subject_shows(self):
    leak = self.column('background leak')
    self.assertLess(leak['oracle'], 0.2)
    self.assertAlmostEqual(leak['tinter'], 1, delta=0.05)
    self.assertIsNone(leak['copier'])  # It did not translate those.

  def test_an_estimated_background_shows_it_as_well(self):
    task = self.task
    estimated = backgrounds.estimate(task.sources)
    moved = estimated.sources

    def leak_of(translations, of_recolored, recolored=estimated):
      setting = metric.Setting(
        task._replace(recolored=recolored), real=task.training[:COUNT]
      )
      candidate = candidates.Candidate(translations, of_recolored=of_recolored)
      (leak,) = [
        m for m in robustness_scores.BACKGROUND_LEAKS if m.needs(setting)
      ]
      row = metric.compute([leak], metric.Case(setting, candidate))
      return row.columns['background leak, estimated']

    tinted = [task.real // 2 + p[:, :1, :1] // 2 for p in (task.sources, moved)]
    # Translations of the sources, and of those on other backgrounds.
    leak = {
      'copier': leak_of(task.sources, moved),
      'tinter': leak_of(*tinted),
      'blurrer': leak_of(blurred(task.sources), blurred(moved)),
      'shuffler': leak_of(np.roll(task.sources, 1, 0), np.roll(moved, 2, 0)),
      'collapser': leak_of(*[np.repeat(task.real[:1], COUNT, 0)] * 2),
      'without': leak_of(task.real, None),
    }
    self.assertEqual((leak['copier'], leak['collapser']), (0, 0))
    # The fringe hides most of a blur, and should.
    self.assertBetween(leak['blurrer'], 0.005, 0.2)
    self.assertAlmostEqual(leak['tinter'], 1, delta=0.1)
    self.assertGreater(leak['shuffler'], leak['blurrer'])
    self.assertIsNone(leak['without'])
    nothing = estimated._replace(subjects=np.zeros_like(estimated.subjects))
    self.assertIsNone(leak_of(task.sources, moved, nothing))

  def test_colours_alone_change_no_shapes(self):
    name, copy = 'colour transfer', 'untranslated'
    self.assertEqual(self.column('turned')[name], 0)
    copying = self.column('copying')
    self.assertBetween(copying[name], copying[copy], 0.5 * copying['oracle'])
    recall = self.column('recall@1')
    self.assertLess(recall['collapser'], recall[name])
    self.assertLess(recall[name], recall['oracle'])
    frechet = self.column('Fréchet (own features)')
    self.assertGreater(frechet[name], 1.5 * frechet['oracle'])
    self.assertIsNotNone(self.column('background leak')[name])

  def test_images_from_outside_of_the_domain_are_flagged(self):
    found = out_of_distribution.score(self.task, self.network)
    self.assertEqual(list(found), ['held out', 'photo', 'upside down', 'noise'])

    def own(column):
      return {n: t[f'{column} (own features)'] for n, t in found.items()}

    auroc, flagged = own('AUROC'), own('flagged')
    self.assertEqual(auroc['held out'], 0.5)
    self.assertLess(flagged['held out'], 0.3)  # Of 20; 5 % of very many.
    for kind in ('photo', 'upside down', 'noise'):
      self.assertGreater(auroc[kind], 0.8, kind)
      self.assertGreater(flagged[kind], flagged['held out'] + 0.2, kind)
    self.assertGreater(own('distance')['noise'], own('threshold')['noise'])
    for column in found['noise']:
      self.assertNotEmpty(columns.meaning(column))
    wide = feature_networks.FeatureNetwork(
      'wide', lambda images: np.zeros([len(images), 2048])
    )
    self.assertEqual(out_of_distribution.score(self.task, wide), {})

  def test_groups_with_larger_errors_are_named(self):
    count = len(self.task.sources)
    values = self.task.factors.held_out['facing']

    def gaps_of(errors):
      per_image = {'L1 to truth': metric.PerImage(errors)}
      return group_gaps.score(self.task, metric.CandidateScores({}, per_image))

    gap = gaps_of(10.0 * (values == 'left'))['facing']
    self.assertEqual((gap['worst group'], gap['gap']), ('left', 10))
    self.assertLess(gap['p'], 0.01)
    for gap in gaps_of(np.arange(count) % 2).values():
      self.assertLess(gap['gap'], 1)

  def test_a_probe_predicts_the_factors(self):
    facing, tilt = self.column('facing kept'), self.column('tilt error')
    self.assertGreater(facing['oracle'], 0.85)
    self.assertLess(facing['turner'], 0.15)
    self.assertEqual(facing['collapser'], 0.5)
    # A mirror image has the opposite tilt, too.
    for faulty in ('shuffler', 'collapser', 'turner'):
      self.assertGreater(tilt[faulty], 1.5 * tilt['oracle'], faulty)
    for column in ('position x error', 'position y error'):
      found = self.column(column)
      self.assertGreater(found['shuffler'], 1.5 * found['oracle'], column)
    skin = self.column('skin kept')
    self.assertGreater(skin['oracle'], skin['shuffler'] + 0.3)
    # The one style has no glasses to keep.
    self.assertNotIn('glasses kept', self.scores['oracle'].columns)

  def test_features_separate_quality_and_variety(self):
    def own(column):
      return self.column(f'{column} (own features)')

    for column in ('Fréchet', 'kernel'):
      found = own(column)
      # Whole sets are compared, so nothing here depends on the order.
      self.assertLess(abs(found['oracle'] - found['shuffler']), 0.5)
      for faulty in ('copier', 'blurrer', 'collapser'):
        self.assertGreater(found[faulty], 1.5 * found['oracle'], faulty)
    precision, recall = own('precision'), own('recall')
    self.assertGreater(precision['oracle'], 0.8)
    self.assertLess(precision['blurrer'], 0.5)
    self.assertEqual(recall['collapser'], 0)
    self.assertGreater(own('coverage')['oracle'], 0.8)
    self.assertLess(own('coverage')['collapser'], 0.2)
    self.assertLess(own('distinct')['collapser'], 0.1)
    outside = own('out of domain')
    self.assertLessEqual(outside['oracle'], 0.05)
    self.assertGreater(outside['blurrer'], 0.5)

  def test_all_columns_have_a_meaning(self):
    for column in self.scores['oracle'].columns:
      self.assertNotEmpty(columns.meaning(column))

  def test_too_few_images_are_refused(self):
    few = self.task.sources[:4]
    with self.assertRaisesRegex(ValueError, '4 held-out and 4 training'):
      scores.score(tasks.Task('a', 'b', few, few, few, few), {})


if __name__ == '__main__':
  absltest.main()

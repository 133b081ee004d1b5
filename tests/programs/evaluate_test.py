"""Good and bad translators are told apart, and their folders are scored."""

import json
import pathlib
import re
import tempfile

import numpy as np
from absl.testing import absltest

from tests import program_process, shared_artifacts
from tf_twingan import image_arrays, image_io
from tf_twingan.data.sources import registry
from tf_twingan.evaluation import (
  backgrounds,
  columns,
  dataset_pair,
  directions,
  feature_networks,
  group_gaps,
  measurements,
  out_of_distribution,
  robustness_scores,
  scores,
)

COUNT = 16
MANY = 40  # For constructed translators, whose sets of features are compared.
NAMED = {
  'photo': f'avatars:toon-head?limit={COUNT}',
  'anime': f'avatars:lorelei?limit={COUNT}',
}
TWINS = {
  'photo': 'avatars:toon-head?limit=400',
  'anime': 'avatars:lorelei?limit=400',
}
SOURCES = [f'{domain}={source}' for domain, source in NAMED.items()]


def held_out(domain):
  return registry.load(NAMED[domain], 32, split='test').images


def blurred(images):
  return image_arrays.downsample(images, 8).repeat(4, 1).repeat(4, 2)


class ConstructedTranslatorsTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    images = dataset_pair.load(TWINS, 32, MANY)
    direction = directions.between(images, 'photo', 'anime')
    photos, answers = direction.sources, direction.real
    recolored = direction.recolored.real
    # One that lets the background tint the whole image.
    tinted = [
      answers // 2 + p[:, :1, :1] // 2
      for p in (direction.sources, direction.recolored.sources)
    ]
    # What each draws of the sources, of the mirrored sources, and of those on
    # other backgrounds.
    drawn = {
      'oracle': (answers, answers[:, :, ::-1], recolored),
      'tinter': (tinted[0], tinted[0][:, :, ::-1], tinted[1]),
      'copier': (photos, photos[:, :, ::-1]),
      'shuffler': (np.roll(answers, 1, 0), np.roll(answers, 2, 0)[:, :, ::-1]),
      'blurrer': (blurred(answers), blurred(answers)[:, :, ::-1]),
      'collapser': (np.repeat(answers[:1], MANY, 0),) * 2,
      'flipper': (answers, answers),
      'turner': (answers[:, :, ::-1], answers),
    }
    candidates = {
      name: directions.Candidate(*images) for name, images in drawn.items()
    }
    beside = directions.floors_and_ceilings(direction, candidates['oracle'])
    cls.direction = direction
    cls.network = scores.feature_network(direction, 'own')
    cls.tables = scores.score(
      direction, {**candidates, **beside}, network=cls.network
    )

  def of(self, column):
    return {n: t.columns[column] for n, t in self.tables.items()}

  def test_answers_are_known(self):
    recall, hair = self.of('recall@1'), self.of('hair kept')
    self.assertEqual(recall['oracle'], 1)
    self.assertGreater(recall['blurrer'], recall['copier'])
    self.assertEqual(recall['shuffler'], 0)
    self.assertEqual(recall['collapser'], 1 / MANY)
    self.assertEqual(hair['oracle'], 1)
    self.assertLess(hair['shuffler'], 0.8)
    background = self.of('background')
    self.assertEqual(background['oracle'], 0)
    self.assertEqual(background['copier'], 0)
    self.assertGreater(background['shuffler'], background['blurrer'])

  def test_each_failure_shows(self):
    copying, turned = self.of('copying'), self.of('turned')
    self.assertEqual(copying['copier'], 0)
    self.assertGreater(copying['oracle'], 0.5)
    self.assertEqual((turned['oracle'], turned['flipper']), (0, 1))
    distinct, similar = self.of('distinct'), self.of('diversity')
    self.assertLess(distinct['collapser'], 0.2)
    self.assertGreater(distinct['oracle'], 0.8)
    self.assertGreater(similar['collapser'], similar['oracle'] + 0.5)
    textures = self.of('SWD')
    self.assertGreater(textures['blurrer'], textures['oracle'])
    self.assertGreater(self.of('explained')['copier'], 0.2)

  def test_a_background_that_reaches_the_subject_shows(self):
    leak = self.of('background leak')
    self.assertLess(leak['oracle'], 0.2)
    self.assertAlmostEqual(leak['tinter'], 1, delta=0.05)
    self.assertIsNone(leak['copier'])  # Not asked for that.

  def test_an_estimated_background_tells_the_same(self):
    direction = self.direction
    estimated = backgrounds.estimate(direction.sources)
    moved = estimated.sources
    blind = direction._replace(recolored=estimated)
    # What is drawn of the sources, and of those on other backgrounds.
    drawn = {
      'copier': (direction.sources, moved),
      'tinter': [
        direction.real // 2 + p[:, :1, :1] // 2
        for p in (direction.sources, moved)
      ],
      'blurrer': (blurred(direction.sources), blurred(moved)),
      'shuffler': (np.roll(direction.sources, 1, 0), np.roll(moved, 2, 0)),
      'collapser': (np.repeat(direction.real[:1], MANY, 0),) * 2,
      'unasked': (direction.real, None),
    }
    leak = {
      name: robustness_scores.RobustnessScorer(blind)
      .measure(directions.Candidate(first, of_recolored=second))
      .columns['background leak, estimated']
      for name, (first, second) in drawn.items()
    }
    self.assertEqual((leak['copier'], leak['collapser']), (0, 0))
    # The fringe hides most of a blur, and should.
    self.assertBetween(leak['blurrer'], 0.005, 0.2)
    self.assertAlmostEqual(leak['tinter'], 1, delta=0.1)
    self.assertGreater(leak['shuffler'], leak['blurrer'])
    self.assertIsNone(leak['unasked'])
    nothing = estimated._replace(subjects=np.zeros_like(estimated.subjects))
    unfound = robustness_scores.RobustnessScorer(
      direction._replace(recolored=nothing)
    )
    self.assertIsNone(
      unfound.measure(
        directions.Candidate(direction.sources, of_recolored=moved)
      ).columns['background leak, estimated']
    )

  def test_colours_alone_neither_turn_nor_draw(self):
    name, copy = 'colour transfer', 'untranslated'
    self.assertEqual(self.of('turned')[name], 0)
    copying = self.of('copying')
    self.assertBetween(copying[name], copying[copy], 0.5 * copying['oracle'])
    recall = self.of('recall@1')
    self.assertLess(recall['collapser'], recall[name])
    self.assertLess(recall[name], recall['oracle'])
    frechet = self.of('Fréchet (own features)')
    self.assertGreater(frechet[name], 1.5 * frechet['oracle'])
    self.assertIsNotNone(self.of('background leak')[name])

  def test_foreign_images_are_noticed(self):
    found = out_of_distribution.score(self.direction, self.network)
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
    self.assertEqual(out_of_distribution.score(self.direction, wide), {})

  def test_groups_that_fare_worse_are_named(self):
    count = len(self.direction.sources)
    values = self.direction.factors.held_out['facing']
    scored = measurements.Measured(
      {}, {'L1 to truth': measurements.Each(10.0 * (values == 'left'))}
    )
    gap = group_gaps.gaps(self.direction, scored)['facing']
    self.assertEqual((gap['worst group'], gap['gap']), ('left', 10))
    self.assertLess(gap['p'], 0.01)
    alike = measurements.Measured(
      {}, {'L1 to truth': measurements.Each(np.arange(count) % 2)}
    )
    for gap in group_gaps.gaps(self.direction, alike).values():
      self.assertLess(gap['gap'], 1)

  def test_a_probe_reads_the_factors(self):
    facing, tilt = self.of('facing kept'), self.of('tilt error')
    self.assertGreater(facing['oracle'], 0.85)
    self.assertLess(facing['turner'], 0.15)
    self.assertEqual(facing['collapser'], 0.5)
    # A mirror turns the tilt round as well.
    for faulty in ('shuffler', 'collapser', 'turner'):
      self.assertGreater(tilt[faulty], 1.5 * tilt['oracle'], faulty)
    for column in ('position x error', 'position y error'):
      found = self.of(column)
      self.assertGreater(found['shuffler'], 1.5 * found['oracle'], column)
    skin = self.of('skin kept')
    self.assertGreater(skin['oracle'], skin['shuffler'] + 0.3)
    # The one style has no glasses to keep.
    self.assertNotIn('glasses kept', self.tables['oracle'].columns)

  def test_features_tell_quality_and_variety(self):
    def own(column):
      return self.of(f'{column} (own features)')

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
    for column in self.tables['oracle'].columns:
      self.assertNotEmpty(columns.meaning(column))

  def test_too_few_images_are_refused(self):
    few = held_out('photo')[:4]
    with self.assertRaisesRegex(ValueError, '4 held-out and 4 training'):
      scores.score(directions.Direction('a', 'b', few, few, few, few), {})


def flags_of(values):
  """Returns flags as typed; a list gives a flag several times."""
  return [
    f'--{name}={value}'
    for name, given in values.items()
    for value in (given if isinstance(given, list) else [given])
  ]


class ProgramTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp())
    self.pair = {
      'source': SOURCES,
      'from': 'photo',
      'to': 'anime',
      'resolution': '32',
    }

  def scored(self, **values):
    code, output = program_process.run('evaluate', *flags_of(values))
    self.assertEqual(code, 0, output)
    return output

  def assert_error(self, message, result):
    code, output = result
    self.assertNotEqual(code, 0)
    self.assertRegex(output.splitlines()[-1], f'^Error: .*{message}')

  def test_a_folder_of_ground_truth_is_perfect(self):
    for i, image in enumerate(held_out('anime')):
      for folder in ('whole', 'lacking') if i != 5 else ('whole',):
        image_io.write_png(self.folder / folder / f'{i:04}.png', image)
    exporting, scoring, lacking = program_process.run_each(
      'evaluate',
      flags_of({'export_sources': self.folder / 'sources', **self.pair}),
      flags_of(
        {
          'translations': self.folder / 'whole',
          'against': self.folder / 'sources',
          'output': self.folder / 'out',
          **self.pair,
        }
      ),
      flags_of(
        {
          'translations': self.folder / 'lacking',
          'output': self.folder / 'out',
          **self.pair,
        }
      ),
    )
    self.assertEqual(exporting[0], 0, exporting)
    written = image_io.read(self.folder / 'sources' / '0003.png')
    np.testing.assert_array_equal(written, held_out('photo')[3])
    code, printed = scoring
    self.assertEqual(code, 0, printed)
    self.assertIn('photo to anime', printed)
    found = json.loads((self.folder / 'out' / 'evaluation.json').read_text())
    table = found['directions']['photo to anime']['scores']
    self.assertEqual(table['translation']['recall@1'], 1)
    other = table[str(self.folder / 'sources')]
    self.assertEqual(
      other,
      table['untranslated']
      | {'turned': None, 'content distance': None, 'background leak': None},
    )
    self.assertIn('not shown', printed.lower())
    self.assertEqual(
      found['directions']['photo to anime']['hidden_factors'],
      ['clothes_color', 'glasses'],
    )
    page = (self.folder / 'out' / 'evaluation.html').read_text()
    self.assertGreater(page.count('src="data:image/png;base64,'), 10)
    captions = set(re.findall('<h3>([^<]*)', page))
    self.assertIn('Best and worst by copying', captions)
    # All are perfect.
    self.assertNotIn('Best and worst by L1 to truth', captions)
    self.assertNotIn('src="http', page)
    self.assert_error('lacks 1 of 16.*0005.png', lacking)

  def test_images_without_known_answers_are_scored(self):
    named = []
    for domain in ('photo', 'anime'):
      images = registry.load(TWINS[domain], 32).images[: 2 * COUNT]
      for i, image in enumerate([*images, *held_out(domain)]):
        split = 'train' if i < len(images) else 'test'
        image_io.write_png(self.folder / domain / split / f'{i:03}.png', image)
      named.append(f'{domain}=folder:{self.folder / domain}')
    run = shared_artifacts.run(resolution=16)
    printed = self.scored(
      run_dir=str(run), source=named, output=str(self.folder / 'out')
    )
    self.assertRegex(printed, 'background of one colour was found in [0-9.]+%')
    found = json.loads((self.folder / 'out' / 'evaluation.json').read_text())
    part = found['directions']['photo to anime']
    self.assertGreater(part['backgrounds_found'], 0.7)
    table = part['scores']
    self.assertNotIn('recall@1', table['translation'])
    leak = {n: row['background leak, estimated'] for n, row in table.items()}
    self.assertEqual(
      list(leak),
      [
        'translation',
        'untranslated',
        'colour transfer',
        'shuffled',
        'mean image',
        'real images',
      ],
    )
    self.assertGreater(leak['translation'], 0)
    self.assertEqual((leak['untranslated'], leak['real images']), (0, None))
    self.assertIn('upside down', part['foreign'])
    self.assertIn('Images given as anime', printed)
    page = (self.folder / 'out' / 'evaluation.html').read_text()
    self.assertIn('Best and worst by background leak, estimated', page)

  def test_a_run_is_scored_both_ways_by_its_own_sources_and_repeatably(self):
    run = shared_artifacts.copy_of(shared_artifacts.run())
    lines = [f"{domain} = '{source}'" for domain, source in NAMED.items()]
    (run / 'operative_config.gin').write_text('\n'.join(lines) + '\n')
    pages = []
    noted = [{'images_seen': i, 'loss': v} for i, v in ((0, 9), (80, 2))]
    (run / 'metrics.jsonl').write_text('\n'.join(map(json.dumps, noted)))
    other = shared_artifacts.run(seed=2)
    for name in ('a', 'b'):
      self.scored(
        run_dir=str(run), against=str(other), output=str(self.folder / name)
      )
      page = self.folder / name / 'evaluation.html'
      pages.append(page.read_bytes())
    self.assertEqual(*pages)
    found = json.loads((self.folder / 'a' / 'evaluation.json').read_text())
    self.assertEqual(found['sources'], NAMED)
    self.assertEqual(found['features'], 'own')
    self.assertLen(found['directions'], 2)
    table = found['directions']['anime to photo']['scores']
    own, others = table['translation'], table[str(other)]
    self.assertNotEqual(own['L1 to truth'], others['L1 to truth'])
    self.assertIsNotNone(own['background leak'])
    self.assertIsNotNone(others['content distance'])
    self.assertIn('loss: 2 to 9', pages[0].decode())
    self.assertNotIn('NaN', (self.folder / 'a' / 'evaluation.json').read_text())

  def test_user_errors_are_one_line(self):
    run = dict(run_dir=shared_artifacts.run(), output='there')
    cases = {
      '--source=DOMAIN=DATASET for two': run,
      'give DOMAIN=DATASET of two': {**run, 'source': SOURCES[:1]},
      'goes with --translations': {**run, 'to': 'anime'},
      'either --run_dir': {},
      'two columns': {**run, 'against': 'shuffled'},
      'holds no run': {**run, 'source': SOURCES, 'against': '/'},
      'need no model': {**run, 'translations': 'there'},
      'are not the domains': {'translations': 'there', 'source': SOURCES},
    }
    results = program_process.run_each(
      'evaluate', *map(flags_of, cases.values())
    )
    for message, result in zip(cases, results, strict=True):
      with self.subTest(message):
        self.assert_error(message, result)


if __name__ == '__main__':
  absltest.main()

"""What is said of measures, and from where on."""

import numpy as np
from absl.testing import absltest, parameterized

from tests.data.audit import measured_sets
from tf_twingan.data.audit import findings
from tf_twingan.data.prepare import alignment, options

measured = measured_sets.measured
BRIGHT = dict.fromkeys(('brightness', 'red', 'green', 'blue'), 0.75)
PREPARED = options.Options(faces='human', margin=0.3)


def find(*all_measured):
  return {one.topic: one for one in findings.find(all_measured, [])}


class FindingsTest(parameterized.TestCase):
  def test_nothing_is_said_of_usual_images(self):
    self.assertEmpty(find(measured('photo'), measured('anime')))

  @parameterized.named_parameters(
    ('brightness', BRIGHT, 'brightness between domains'),
    ('cast', {'red': 0.65}, 'colour cast'),
    ('saturation', {'saturation': 0.5}, 'saturation'),
    ('grey', {'saturation': 0}, 'grey domain'),
    ('place', {'eyes_x': 0.6}, 'face position'),
    ('roll', {'roll': 14}, 'face roll'),
    ('yaw', {'yaw': -20}, 'face yaw'),
    ('plain', {'plain_border': 1}, 'backgrounds'),
    ('resolution', {'width': 300, 'height': 300}, 'resolution'),
    ('shape', {'width': 220}, 'shapes between domains'),
    ('size', {'scale': 0.8, 'eyes': 0.35}, 'face size'),
  )
  def test_a_mismatch_is_said_once_and_either_way(self, columns, topic):
    # One is wide, too, so that it has a finding of its own.
    other = {'shapes'} if topic.startswith('shapes') else set()
    usual, odd = measured('photo'), measured('anime', columns)
    self.assertEqual(set(find(usual, odd)), {topic} | other)
    self.assertEqual(set(find(odd, usual)), {topic} | other)
    self.assertEqual(set(find(odd, odd)) - other, set())

  def test_eyes_that_are_drawn_wider_apart_are_no_larger_faces(self):
    anime = measured('anime', {'eyes': 0.33})
    self.assertEmpty(find(measured('photo'), anime))
    # Where no eyes are known, the boxes alone decide.
    unknown = {'eyes': np.nan, 'eyes_x': np.nan, 'eyes_y': np.nan}
    large = measured('anime', {'scale': 0.8, **unknown})
    self.assertEqual(set(find(measured('photo'), large)), {'face size'})

  def test_a_margin_is_named_where_both_are_prepared(self):
    photo = measured('photo', {'scale': 0.45, 'eyes': 0.2})
    anime = measured('anime', {'scale': 0.8, 'eyes': 0.4})
    both = [one._replace(preparation=PREPARED) for one in (photo, anime)]
    finding = find(*both)['face size']
    # A side of 1.6 faces becomes one of 1.6 * 0.8 / 0.45 faces.
    self.assertIn('again with --margin=0.92', finding.sentence)
    self.assertEqual(
      finding.commands,
      (
        'python -m tf_twingan.prepare --input=folder:/anime '
        '--output=prepared/anime_again --faces=human --margin=0.92',
      ),
    )
    both[1] = both[1]._replace(
      preparation=PREPARED.model_copy(update={'margin': 4.0})
    )
    self.assertIn('--margin=4.0', find(*both)['face size'].commands[0])
    unaligned = PREPARED.model_copy(update={'faces': 'none'})
    both[1] = both[1]._replace(preparation=unaligned)
    self.assertIn('Prepare both', find(*both)['face size'].sentence)
    raw = find(photo, anime)['face size']
    self.assertIn('45 % of the side in photo and 80 % in anime', raw.sentence)
    self.assertLen(raw.commands, 2)

  def test_only_people_that_were_looked_for_are_cut_out(self):
    plain = measured('anime', {'plain_border': 1})
    finding = find(measured('photo'), plain)['backgrounds']
    self.assertIn('--background=plain', finding.commands[0])
    for detector in ('none', 'anime'):
      other = measured('photo', {'faces': np.nan}, detector=detector)
      self.assertEmpty(find(other, plain)['backgrounds'].commands)

  def test_long_images_that_are_filled_up_lose_nothing(self):
    long = measured('photo', {'width': 300})
    self.assertEqual(set(find(long)), {'shapes'})
    self.assertEmpty(find(long._replace(fit='pad')))

  def test_what_hid_a_defect_before_is_not_repeated(self):
    lenient = options.Options(
      faces='human', blur=0.0, uniform=1.0, keep_duplicates=True
    )
    found = find(measured('photo', {'sharpness': 0}, preparation=lenient))
    (command,) = found['blurred images'].commands
    self.assertNotIn('--blur', command)
    self.assertIn('--uniform=1.0 --keep_duplicates', command)

  def test_preparations_that_differ_are_said(self):
    photo = measured('photo', preparation=PREPARED)
    self.assertEqual(set(find(photo, measured('anime'))), {'preparation'})
    template = alignment.Template(mouth=(0.5, 0.7))
    other = PREPARED.model_copy(update={'template': template})
    anime = measured('anime', preparation=other)
    self.assertEqual(set(find(photo, anime)), {'preparation'})
    other = PREPARED.model_copy(update={'margin': 0.4})
    anime = measured('anime', preparation=other)
    self.assertEmpty(find(photo, anime))

  def test_numbers_that_differ_are_said(self):
    few = measured('anime', count=300)
    found = find(measured(count=9000), few)
    self.assertEqual(
      {topic: finding.severity for topic, finding in found.items()},
      {'number of images': 'low', 'numbers of images': 'low'},
    )
    (command,) = found['number of images'].commands
    self.assertEndsWith(
      command, '--gin_file=finetune.gin --anime=folder:/anime'
    )

  def test_labels_that_differ_are_said(self):
    def with_women(label, count):
      values = ['woman'] * count + ['man'] * (measured_sets.COUNT - count)
      return measured(label, attributes={'gender': values})

    photo, anime = with_women('photo', 450), with_women('anime', 800)
    finding = find(photo, anime)['attribute balance between domains']
    self.assertIn('80 %', finding.sentence)
    self.assertIn("'--anime=folder:/anime?balance=gender'", finding.commands[1])
    self.assertEmpty(find(photo, with_women('anime', 600)))

  def test_a_label_that_was_asked_for_is_no_finding(self):
    bare = {'glasses': ['no'] * measured_sets.COUNT}
    for dataset, topics in (
      ('folder:/p', {'attribute balance'}),
      ('class:folder:/p:hair=red', {'attribute balance'}),
      ('class:folder:/p:glasses!=yes', {'attribute balance'}),
      ('class:folder:/p:glasses=no', set()),
      ('class:class:folder:/p:glasses=no:hair=red', set()),
    ):
      self.assertEqual(
        set(find(measured(dataset=dataset, attributes=bare))), topics, dataset
      )

  def test_the_gravest_come_first(self):
    images = {'saturation': np.arange(1000) * 0.4 / 1000}
    found = findings.find(
      [measured('photo', images), measured('anime', {'eyes_y': 0.3})], []
    )
    self.assertEqual([one.severity for one in found], ['high', 'medium'])

  def test_commands_hold_any_name(self):
    odd = measured("it's <a>", {'sharpness': 0}, photos='/p h;rm')
    (command,) = find(odd)['blurred images'].commands
    self.assertIn("'--input=/p h;rm' --output=prepared/it_s_a ", command)


if __name__ == '__main__':
  absltest.main()

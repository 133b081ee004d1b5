"""The growth schedule against images counted by hand."""

from absl.testing import absltest, parameterized

from tf_twingan.training import growth_schedule


def schedule(**options):
  return growth_schedule.Growth(
    **{
      'start_resolution': 4,
      'final_resolution': 16,
      'fade_images': {8: 100, 16: 200},
      'stable_images': 50,
      'batch_size': {4: 8, 8: 4, 16: 2},
      **options,
    }
  )


class GrowthTest(parameterized.TestCase):
  # Images: 4 px 0-50, 8 px fades 50-150 and holds to 200, 16 px fades 200-400
  # and holds to 450.
  @parameterized.parameters(
    (0, 4, 1.0, 8, 0),
    (49, 4, 1.0, 8, 0),
    (50, 8, 0.0, 4, 50),
    (100, 8, 0.5, 4, 50),
    (150, 8, 1.0, 4, 50),
    (200, 16, 0.0, 2, 200),
    (250, 16, 0.25, 2, 200),
    (449, 16, 1.0, 2, 200),
    (10_000, 16, 1.0, 2, 200),
  )
  def test_stage_by_images_seen(self, seen, resolution, alpha, batch, start):
    phase = schedule().at(seen)
    self.assertEqual(phase.resolution, resolution)
    self.assertAlmostEqual(phase.alpha(seen), alpha)
    self.assertEqual(phase.batch_size, batch)
    self.assertEqual(phase.stage_start, start)

  def test_total(self):
    self.assertEqual(schedule().total_images, 450)

  def test_extra_images_hold_the_last_stage_and_move_no_other(self):
    longer = schedule(extra_images=70)
    self.assertEqual(longer.total_images, 520)
    self.assertEqual(longer.phases[:-1], schedule().phases[:-1])
    last = longer.phases[-1]
    self.assertEqual((last.start, last.end, last.alpha(500)), (400, 520, 1.0))
    # The last stage may have been a fade-in alone.
    only = schedule(stable_images={4: 50, 8: 50, 16: 0}, extra_images=70)
    self.assertEqual(only.phases[-1].end, 470)
    with self.assertRaisesRegex(ValueError, 'Growth.extra_images is -1'):
      schedule(extra_images=-1)

  def test_extra_images_of_a_run_that_was_trained_on_before(self):
    for given in (0, 70, 100):
      # Whatever is typed now, it has to be more than the run has had.
      needed = schedule(extra_images=given).extra_images_for(550)
      self.assertEqual(needed, 100)
    self.assertEqual(schedule(extra_images=100).total_images, 550)

  @parameterized.parameters(
    (0, 0, 1.0),
    (0, 16, 1.0),
    (40, 4, 1.0),
    (50, 4, 1.0),
    (100, 8, 0.49),
    (100, 8, 0.5),
    (450, 16, 1.0),
    (10_000, 16, 1.0),
  )
  def test_a_run_goes_on_where_it_was(self, seen, resolution, alpha):
    schedule().check_goes_on(seen, resolution, alpha)

  @parameterized.parameters(
    (40, 8, 0.1, '8 px, faded in by 10%, but .* go back to 4 px'),
    (100, 8, 0.9, 'go back to 8 px, faded in by 50%'),
    (100, 8, 1.0, 'is at 8 px, but .* go back to 8 px, faded in by 50%'),
    (250, 32, 1.0, 'extra_images=200'),
  )
  def test_a_run_never_goes_back(self, seen, resolution, alpha, message):
    with self.assertRaisesRegex(ValueError, message):
      schedule().check_goes_on(seen, resolution, alpha)

  def test_one_resolution_has_no_fade(self):
    only = schedule(start_resolution=16)
    self.assertEqual(only.total_images, 50)
    self.assertEqual(only.at(0).alpha(0), 1.0)

  def test_a_stage_may_have_no_stable_phase(self):
    skipping = schedule(stable_images={4: 50, 8: 0, 16: 50})
    self.assertEqual(skipping.at(150).resolution, 16)

  @parameterized.parameters(
    (0, 1.0), (350, 1.0), (400, 0.5), (440, 0.1), (450, 0.0), (999, 0.0)
  )
  def test_the_rate_falls_over_the_last_images(self, seen, expected):
    self.assertAlmostEqual(schedule(decay_images=100).rate(seen), expected)

  def test_the_rate_stays_if_nothing_is_said(self):
    self.assertEqual([schedule().rate(n) for n in (0, 449)], [1.0, 1.0])

  @parameterized.parameters((0, 0.0), (99, 0.0), (100, 1.0), (400, 0.5))
  def test_discriminators_may_be_trained_alone_at_first(self, seen, expected):
    growing = schedule(discriminator_only_images=100, decay_images=100)
    self.assertAlmostEqual(growing.generator_rate(seen), expected)
    self.assertAlmostEqual(growing.rate(seen), expected or 1.0)

  def test_both_rates_are_the_same_if_nothing_is_said(self):
    growing = schedule(decay_images=100)
    for seen in (0, 400, 449):
      self.assertEqual(growing.generator_rate(seen), growing.rate(seen))

  @parameterized.parameters(
    (dict(final_resolution=24), '24 is not a power of two'),
    (dict(start_resolution=32), 'above final_resolution 16'),
    (dict(batch_size={4: 8}), 'batch_size has no entry for 8 px'),
    (dict(batch_size='x'), "batch_size is 'x' at 4 px; give a whole number"),
    (dict(batch_size=None), 'batch_size is None at 4 px; give a whole number'),
    (dict(batch_size=2.5), 'batch_size is 2.5 at 4 px; give a whole number'),
    (dict(batch_size=0), 'batch_size is 0 at 4 px; at least 1'),
    (dict(decay_images=451), 'decay_images is 451; from 0 to the 450'),
    (
      dict(discriminator_only_images=451),
      'discriminator_only_images is 451; from 0 to the 450',
    ),
    (dict(stable_images=0, start_resolution=16), 'no images at all'),
  )
  def test_bad_values_are_named(self, options, message):
    with self.assertRaisesRegex(ValueError, message):
      schedule(**options)


if __name__ == '__main__':
  absltest.main()

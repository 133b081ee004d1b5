"""The schedule of short trainings."""

from absl.testing import absltest

from benchmarks import short_schedule


class ShortScheduleTest(absltest.TestCase):
  def test_the_schedule_takes_about_so_many_images(self):
    self.assertEqual(
      short_schedule.bindings(3200),
      [
        'final_resolution=32',
        'Growth.stable_images={8: 400, 16: 800, 32: 1600}',
        'Growth.fade_images={16: 200, 32: 200}',
        'Growth.decay_images=1200',
        'Growth.batch_size=8',
      ],
    )


if __name__ == '__main__':
  absltest.main()

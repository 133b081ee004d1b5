"""Which images of an index a name stands for."""

from absl.testing import absltest

from tf_twingan.retrieval import records, removal


class NamesTest(absltest.TestCase):
  def test_a_name_that_a_mac_spells_otherwise(self):
    stored = [
      records.Record(0, name, 'folder:/a', 'anime')
      for name in ('e.png', 'e\u0301.png')
    ]
    for asked in ('\u00e9.png', 'anime=\u00e9.png'):
      found, missing = removal._of_names(stored, [asked, 'x'])
      self.assertEqual(found, stored[1:])
      self.assertEqual(missing, ['x'])


if __name__ == '__main__':
  absltest.main()

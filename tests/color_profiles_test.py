"""ICC profiles: what is converted, how far it moves, and what is left alone."""

import numpy as np
from absl.testing import absltest, parameterized

from tests import icc_profiles
from tf_twingan import color_profiles


class ColorProfilesTest(parameterized.TestCase):
  def test_display_p3_to_srgb_and_back(self):
    converted = color_profiles.conversion(icc_profiles.display_p3())
    # In P3, sRGB's red is (234, 51, 35), and grey is the same.
    image = np.uint8([[[234, 51, 35], [128, 128, 128], [200, 150, 100]]])
    srgb = converted.to_srgb(image)
    np.testing.assert_allclose(
      srgb[0, :2].astype(int), [[255, 0, 0], [128, 128, 128]], atol=3
    )
    np.testing.assert_allclose(
      converted.from_srgb(srgb).astype(int), image.astype(int), atol=2
    )

  @parameterized.named_parameters(
    ('none', None),
    ('empty', b''),
    ('srgb', icc_profiles.srgb()),
    ('damaged', icc_profiles.display_p3()[:300]),
    ('no_profile', b'profile' * 99),
    ('grey', icc_profiles.display_p3().replace(b'RGB ', b'GRAY', 1)),
    ('huge', icc_profiles.display_p3() + bytes(color_profiles.MAX_BYTES)),
  )
  def test_nothing_to_convert(self, profile):
    self.assertIsNone(color_profiles.conversion(profile))


if __name__ == '__main__':
  absltest.main()

"""From where on the audit advises something, and why there."""

from typing import NamedTuple

from tf_twingan.data.prepare import options

_DEFAULTS = options.Options(faces='none')


class Thresholds(NamedTuple):
  """The limits of all findings; shares are of the examined images.

  Attributes:
    fewest_images: below, a discriminator learns the images by heart. The
      experiments on few images that shaped adaptive augmentation (Karras et
      al., 2020) need it below some thousand, and it fails below some hundred.
    few_images: likewise, where augmentation is worth its cost.
    some: a share that deserves more than a look: one image in a hundred.
    many: a share that shapes what a network learns: one image in ten.
    grey: the share of grey images, from which on a network draws grey at times;
      above 1 - grey all are meant to be.
    saturation: below, an image has no colour: compression leaves less.
    blur: least sharpness, the same by which prepare rejects images.
    uniform: largest share of one colour, likewise.
    dark: a median brightness below hides what is in the shadow.
    bright: likewise above.
    shortest_side: px; below, an image shows no face in detail.
    long: a ratio of the sides from which on the largest square loses a third.
    border: the share of the upper border that has one colour in a cut-out.
    roll: degrees; faces rolled by more than the 15 that people hold their heads
      at without noticing.
    scale_spread: ratio of the 90th and the 10th percentile of face sizes: at 2,
      one network has to draw the same eye at twice the size.
    place_spread: difference of the same percentiles of a face's position.
    dominating: share of one value of an attribute. The Twin-GAN article's own
      model turns everybody into women, as nearly all of its anime were.
    fewest_known: images whose value is known, to say anything of an attribute.
    scale_ratio: ratio of two domains' median face sizes; what else is equal
      would then be drawn a fifth too large.
    place_gap: difference of the median positions, as a share of the side.
    yaw_gap: degrees; a rough estimate, hence a wide limit.
    roll_gap: degrees, of the medians.
    brightness_gap: difference of the mean brightness. Styles differ by less:
      portraits and drawn characters by 0.1 to 0.2.
    cast_gap: difference of the mean colours apart from the brightness.
    saturation_gap: difference of the mean saturation.
    border_gap: difference of the shares of cut-outs; backgrounds are then drawn
      from nothing, or hair of them.
    side_ratio: ratio of the median shorter sides, where the larger of them is
      below what is trained at.
    shape_ratio: ratio of the median aspect ratios.
    count_ratio: ratio of the numbers of images.
    attribute_gap: difference of the shares of one value of an attribute.
  """

  fewest_images: int = 100
  few_images: int = 1000
  some: float = 0.01
  many: float = 0.1
  grey: float = 0.02
  saturation: float = 0.012
  blur: float = _DEFAULTS.blur
  uniform: float = _DEFAULTS.uniform
  dark: float = 0.15
  bright: float = 0.92
  shortest_side: int = 64
  long: float = 1.5
  border: float = 0.9
  roll: float = 15.0
  scale_spread: float = 2.0
  place_spread: float = 0.25
  dominating: float = 0.85
  fewest_known: int = 20
  scale_ratio: float = 1.2
  place_gap: float = 0.08
  yaw_gap: float = 15.0
  roll_gap: float = 10.0
  brightness_gap: float = 0.2
  cast_gap: float = 0.1
  saturation_gap: float = 0.25
  border_gap: float = 0.5
  side_ratio: float = 2.0
  shape_ratio: float = 1.5
  count_ratio: float = 10.0
  attribute_gap: float = 0.3


DEFAULT = Thresholds()

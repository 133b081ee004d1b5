"""Resolutions of the stages, and the width of a network at each of them."""

SMALLEST = 4


def check(resolution: int) -> int:
  """Returns the resolution, or raises if it is not one of 4, 8, 16, ..."""
  if (
    not isinstance(resolution, int)
    or resolution < SMALLEST
    or resolution & (resolution - 1)
  ):
    raise ValueError(
      f'resolution {resolution!r} is not a power of two >= {SMALLEST}; '
      'choose 4, 8, 16, 32, 64, 128, 256 ...'
    )
  return resolution


def up_to(resolution: int) -> list[int]:
  """Returns [4, 8, ..., resolution]."""
  check(resolution)
  return [1 << k for k in range(2, resolution.bit_length())]


def block_name(resolution: int) -> str:
  """Returns the key of a stage's layers in a model: '32px'."""
  return f'{resolution}px'


class Channels:
  """Feature channels by resolution: min(base / 2^stage, maximum), >= 1.

  Stage 0 is 4 px. PGGAN's rule; the original Twin-GAN has base 1024 and
  maximum 256.
  """

  def __init__(self, base: int, maximum: int):
    self.base = base
    self.maximum = maximum

  def __call__(self, resolution: int) -> int:
    """Returns the channels at a resolution."""
    stage = resolution.bit_length() - SMALLEST.bit_length()
    return max(1, min(self.base >> stage, self.maximum))

"""A schedule for the trainings of benchmarks: 8, 16 and 32 px."""

SIDE = 32
BATCH = 8
# Sixteenths of the images of a training; the rates fall over the last six.
_STABLE, _FADES, _DECAY = {8: 2, 16: 4, 32: 8}, {16: 1, 32: 1}, 6


def bindings(images: int) -> list[str]:
  """Gin bindings by which a training takes about so many images of a domain.

  Args:
    images: how many.
  """

  def share(sixteenths: int) -> int:
    return max(1, round(images * sixteenths / 16 / BATCH)) * BATCH

  stable, fades = (
    {px: share(part) for px, part in parts.items()}
    for parts in (_STABLE, _FADES)
  )
  return [
    f'final_resolution={SIDE}',
    f'Growth.stable_images={stable}',
    f'Growth.fade_images={fades}',
    f'Growth.decay_images={share(_DECAY)}',
    f'Growth.batch_size={BATCH}',
  ]

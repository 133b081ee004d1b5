"""Which of the prepared images are kept, and in which split."""

import collections
from collections.abc import Sequence
from typing import NamedTuple

from tf_twingan.data.prepare import near_duplicates, shards, splits
from tf_twingan.data.prepare import options as options_lib
from tf_twingan.data.prepare.rejections import Rejection
from tf_twingan.data.sources import base

# So many of the most pixels are as many: aligned squares of equal photos differ
# in size where the eyes were seen a little elsewhere.
_AS_MANY = 0.8


class Selection(NamedTuple):
  """The images that are kept.

  Attributes:
    kept: their indices, in order.
    splits: the split of each of them.
    rejections: the others, all near-duplicates.
  """

  kept: list[int]
  splits: list[str]
  rejections: list[Rejection]


def select(
  images: Sequence[shards.ImageRecord],
  own: Sequence[str | None],
  options: options_lib.Options,
) -> Selection:
  """Leaves out near-duplicates and splits the rest.

  Of images that show the same, the first is kept of those that were cut from
  about the most pixels. Where they are on both sides of a split that the input
  has itself, those to train on are left out, even with `keep_duplicates`: a
  score of a held-out image that was trained on says little.

  Args:
    images: records of all prepared images.
    own: the split that the input has for each of them; None where it has none.
    options: how near is too near, and whether near-duplicates are kept.
  """
  photos = [image.photo for image in images]
  of_photos = near_duplicates.groups(
    [image.photo_fingerprint for image in images], options.duplicate_distance
  )
  groups = _groups(images, of_photos, options.duplicate_distance)
  assigned = splits.assign(photos, [*groups, *of_photos], own)
  repeats: dict[int, int] = {}
  for group in groups:
    held_out = [i for i in group if assigned[i] == base.SPLITS[1]]
    candidates = held_out or group
    most = max(images[i].photo_pixels for i in candidates)
    best = next(
      i for i in candidates if images[i].photo_pixels >= _AS_MANY * most
    )
    if options.keep_duplicates:
      left_out = [i for i in group if held_out and i not in held_out]
    else:
      left_out = [i for i in group if i != best]
    repeats.update(dict.fromkeys(left_out, best))
  kept = [i for i in range(len(images)) if i not in repeats]
  return Selection(
    kept,
    [assigned[i] for i in kept],
    [_rejection(images[i], images[best]) for i, best in repeats.items()],
  )


def _groups(
  images: Sequence[shards.ImageRecord],
  of_photos: Sequence[Sequence[int]],
  distance: float,
) -> list[list[int]]:
  """Images that show the same face, or the same face of the same photo."""
  joined = splits.Joined(len(images))
  prints = [image.fingerprint for image in images]
  groups = near_duplicates.groups(prints, distance)
  counts = collections.Counter(image.photo for image in images)
  for group in of_photos:
    # The largest of as many faces is the same; with a face more it may not be.
    matching = collections.defaultdict(list)
    for index in group:
      image = images[index]
      matching[image.face, counts[image.photo]].append(index)
    groups += matching.values()
  for first, *others in groups:
    for other in others:
      joined.join(first, other)
  members = collections.defaultdict(list)
  for index in range(len(images)):
    members[joined.first(index)].append(index)
  return [group for group in members.values() if len(group) > 1]


def _rejection(
  image: shards.ImageRecord, kept: shards.ImageRecord
) -> Rejection:
  distance = min(
    near_duplicates.distance(image.fingerprint, kept.fingerprint),
    near_duplicates.distance(image.photo_fingerprint, kept.photo_fingerprint),
  )
  return Rejection(
    image.photo,
    'near_duplicate',
    # Rounding may leave it a little below.
    max(0.0, round(distance, 2)),
    kept.photo,
    '' if image.box is None else f'face {image.number + 1}',
  )

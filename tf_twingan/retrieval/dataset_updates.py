"""What changed in a dataset since an index was built of it, taken in.

New images are added, and replaced ones are taken in anew. Those whose names the
dataset no longer has are removed if that is asked for.
"""

from collections.abc import Mapping

import numpy as np

from tf_twingan import errors
from tf_twingan.data.sources import base
from tf_twingan.retrieval import records, search_index, search_inputs

# By how much versions of decoders may differ at an average pixel, of 255.
_DECODERS_DIFFER = 2


def update(
  index: search_index.SearchIndex,
  domain: str,
  images: base.NamedImages,
  *,
  limit: int | None,
  prune: bool,
) -> int:
  """Takes in what is new in a dataset or was replaced; `finish` is left to do.

  Args:
    index: the index.
    domain: name of the domain that the images belong to.
    images: the dataset.
    limit: number of its images to take; None takes all.
    prune: whether to remove images whose names it no longer has.

  Returns:
    How many images were new.

  Raises:
    OSError: the index cannot be written, or the server does not answer.
  """
  dataset = errors.printable(images.dataset)
  names = images.names[:limit]
  known = {r.name: r for r in index.stored(domain, images.dataset)}
  missing = [*known.keys() - {*images.names}]
  gone = [*filter(images.is_gone, missing)]
  # Before they are read, so that whatever changes later is noticed next time.
  stamps = {name: images.stamp(name) for name in names}
  replaced = _replaced(index, domain, images, known, stamps)
  if len(gone) < len(missing):
    print(
      f'{dataset}: {len(missing) - len(gone):,} names are out of reach, in a '
      'folder that cannot be listed or behind a link that leads nowhere; they '
      'stay in the index'
    )
  if gone:
    print(
      f'{dataset}: {len(gone):,} names are no longer there; '
      + ('they are removed' if prune else '--prune removes them')
    )
  if replaced:
    print(
      f'{dataset}: {len(replaced):,} images were replaced, and are taken in '
      'anew'
    )
  removed = [*replaced, *(gone if prune else ())]
  if removed:
    index.remove(removed, domain=domain, source=images.dataset, finish=False)
  # Its other spelling may have gone with a name that is still there.
  stored = index.names(domain, images.dataset)
  wanted = [name for name in names if name not in stored]
  added = index.add(
    domain,
    search_inputs.read(images, wanted, []),
    source=images.dataset,
    stamps={name: stamps[name] for name in wanted},
  )
  return max(0, added - len(known.keys() & {*wanted}))


def _replaced(
  index: search_index.SearchIndex,
  domain: str,
  images: base.NamedImages,
  known: Mapping[str, records.Record],
  stamps: Mapping[str, str | None],
) -> set[str]:
  """The names of stored images whose files now hold other ones.

  A stamp that differs, or that an older index lacks, proves nothing: the images
  are compared, and where they are the same, the new stamp is noted.
  """
  replaced: set[str] = set()
  same: dict[str, str | None] = {}
  suspects = [
    name
    for name, stamp in stamps.items()
    if stamp and name in known and stamp != known[name].stamp
  ]
  for name, image in search_inputs.read(images, suspects, []):
    before = index.image(known[name].number).astype(int)
    after = index.translator.prepare(image[None], domain)[0]
    differ = np.abs(after - before).mean()
    if differ > (0 if known[name].stamp else _DECODERS_DIFFER):
      replaced.add(name)
    else:
      same[name] = stamps[name]
  if same:
    index.set_stamps(domain, images.dataset, same)
  return replaced

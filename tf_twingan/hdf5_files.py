"""Checks that a file of HDF5 holds all of its numbers, and in full.

A dataset in such a file may be a view of other files of the machine, by a link
or by its storage, so that a FIFO or a stranger's choice of file is read. Or it
may claim numbers that nobody wrote, or that are compressed, so that a few bytes
fill all memory. Keras writes none of these.
"""

import io

import h5py


def check(content: bytes) -> None:
  """Refuses what Keras does not write; reads no dataset.

  Args:
    content: the file.

  Raises:
    ValueError: it is no HDF5, damaged, refers to other files, or claims more
      numbers than it holds; says which dataset.
  """
  try:
    with h5py.File(io.BytesIO(content), 'r') as file:
      _check_group(file, len(content))
  # What h5py raises for files that are damaged.
  except (KeyError, OSError, RuntimeError, TypeError) as error:
    raise ValueError(f'its weights are damaged ({error})') from error


def _check_group(top: h5py.Group, size: int) -> None:
  claimed, known, waiting = 0, set(), [top]
  while waiting:
    group = waiting.pop()
    for name in group:
      place = f'{group.name.rstrip("/")}/{name}'
      if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f'its weights {place} are a link to another place')
      item = group[name]
      # A group may hold itself.
      address = h5py.h5o.get_info(item.id).addr
      if address in known:
        continue
      known.add(address)
      if isinstance(item, h5py.Group):
        waiting.append(item)
      elif isinstance(item, h5py.Dataset):
        claimed += _check_dataset(item, place)
        if claimed > size:
          raise ValueError(f'its weights {place} are more than it holds')


def _check_dataset(dataset: h5py.Dataset, place: str) -> int:
  """Refuses a dataset that is not stored as it is; returns its bytes."""
  if dataset.external or dataset.is_virtual:
    raise ValueError(f'its weights {place} are in another file')
  if dataset.shape is None or dataset.dtype.hasobject:
    raise ValueError(f'its weights {place} are no numbers')
  stored = dataset.id.get_storage_size()
  if stored != dataset.nbytes:
    raise ValueError(
      f'its weights {place} are {dataset.nbytes:,} bytes, of which it stores '
      f'{stored:,}'
    )
  return stored

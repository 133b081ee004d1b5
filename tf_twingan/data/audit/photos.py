"""Where the images of a dataset came from, as prepare takes it."""

from tf_twingan import home_folder
from tf_twingan.data.prepare import dataset_record, inputs
from tf_twingan.data.sources import base, compound, folder

# Prepare takes photos whole, and carries over vectors of folders alone.
_OF_SQUARES = ('crop', 'fit')
_OF_FOLDERS = ('vectors',)


def of(dataset: base.Dataset) -> str:
  """What to give to prepare as --input, to prepare the images of a dataset.

  Of a dataset that is prepared already, it is what that was prepared from; of
  one that is made of others, this holds for each of these.

  Args:
    dataset: any dataset.

  Raises:
    OSError: the record of a preparation cannot be read.
    ValueError: it is damaged.
  """
  if isinstance(dataset, compound.CompoundDataset):
    result, rest = '', dataset.text
    # Its string holds theirs, in this order.
    for inside in dataset.datasets:
      before, _, rest = rest.partition(inside.text)
      result += before + inputs.as_dataset(of(inside))
    return result + rest
  if dataset.preparation():
    record = dataset_record.find(home_folder.expand(dataset.what))
    if record:
      return record.input
  is_folder = isinstance(dataset, folder.FolderDataset)
  left_out = _OF_SQUARES + (() if is_folder else _OF_FOLDERS)
  images = f'{dataset.scheme}:{dataset.what}'
  # A name may hold question marks, too.
  options = dataset.text.removeprefix(images).removeprefix('?').split('&')
  kept = [o for o in options if o and o.partition('=')[0] not in left_out]
  return f'{images}{"?" if kept else ""}{"&".join(kept)}'

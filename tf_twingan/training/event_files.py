"""TensorBoard's files of a run, of which a resume removes what it does again.

Only TensorBoard's faster reader, which some systems lack, drops a point that a
later one steps back behind; all other readers show both.

A file holds records: their length, 8 bytes, its checksum, 4, the record, an
`Event`, and its checksum, 4.
"""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from tf_twingan import extras, files

with extras.needed('train'):
  from tensorboard.compat.proto import event_pb2

_LENGTH = struct.Struct('<Q')
_CHECKSUM = 4


def rewind(path: str | os.PathLike, images_seen: int) -> None:
  """Removes the events of after `images_seen` from a file.

  Without such events it is left as it is; a damaged end goes with them.

  Args:
    path: the file.
    images_seen: the last step to keep.

  Raises:
    OSError: it cannot be read or written; it is untouched.
  """
  with open(path, 'rb') as file:
    if all(step <= images_seen for step, _ in _events(file)):
      return
    file.seek(0)
    with files.atomic_path(path) as part, open(part, 'wb') as kept:
      for step, record in _events(file):
        if step <= images_seen:
          kept.write(record)


def _events(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
  """Yields the step of each event and its record, up to the first damage."""
  while len(length := file.read(_LENGTH.size)) == _LENGTH.size:
    (size,) = _LENGTH.unpack(length)
    checksum = file.read(_CHECKSUM)
    left = os.fstat(file.fileno()).st_size - file.tell()
    if size + _CHECKSUM > left:
      return
    content = file.read(size)
    try:
      step = event_pb2.Event.FromString(content).step
    except ValueError:  # Also that of Google's own.
      return
    yield step, length + checksum + content + file.read(_CHECKSUM)

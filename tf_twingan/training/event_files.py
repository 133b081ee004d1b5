"""TensorBoard's files of a run, of which a resume removes what it does again.

Only TensorBoard's faster reader, which some systems lack, drops a point that a
later one steps back behind; all other readers show both.

A file holds records: their length, 8 bytes, its checksum, 4, the record, an
`Event`, and its checksum, 4. TensorBoard's reader compares the checksums.
"""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from tf_twingan import extras, files

with extras.needed('train'):
  from tensorboard.backend.event_processing import event_file_loader
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
  end = os.fstat(file.fileno()).st_size
  loader = event_file_loader.RawEventFileLoader(os.fsencode(file.name))
  whole = loader.Load()
  while len(length := file.read(_LENGTH.size)) == _LENGTH.size:
    (size,) = _LENGTH.unpack(length)
    rest = _CHECKSUM + size + _CHECKSUM
    # The reader would ask for as much memory as the length says.
    if rest > end - file.tell() or (content := next(whole, None)) is None:
      return
    try:
      step = event_pb2.Event.FromString(content).step
    except Exception:  # Each implementation of protobuf has errors of its own.
      return
    yield step, length + file.read(rest)

"""Images in TFRecord files: their schema, a writer and a checking reader.

Each record is a `tf.train.Example` with these features:

  name              bytes      what the image is called, UTF-8; each its own
  image             bytes      an encoded image (PNG, JPEG, ...)
  sha256            bytes      checksum of `image`, 32 bytes
  place             int64 [2]  the record's number in its file, from 0, and how
                               many records that file has
  shape             int64 [3]  height, width, 3
  split             bytes      'train' or 'test'
  attribute/COLUMN  bytes      the image's value of a label column, UTF-8
  vector            float [n]  such as a face embedding

The first two are all that a file of another program must have. TFRecord's own
checksums tell a changed byte; `place` tells records that are missing, which
they do not; `sha256` is checked whenever an image is read again by itself.
"""

import contextlib
import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple, NoReturn

import numpy as np

from tf_twingan import errors, files, image_limits, regular_files

SUFFIX = '.tfrecord'
_ATTRIBUTE = 'attribute/'
# A record is taken into memory whole.
_MAX_RECORD_BYTES = image_limits.MAX_WHOLE_BYTES
_MAX_OTHER_BYTES = 2**20  # Of one feature that is no image.
_MAX_FEATURES = 1024  # And fields of any message on the way to them.
# Of a record: its length, the length's checksum; then the data and theirs.
_LENGTH = struct.Struct('<Q')
_HEAD_BYTES, _FOOT_BYTES = 12, 4


class DamagedFile(ValueError):
  """A file holds something else than was written; names it and the record."""


class Record(NamedTuple):
  """An image with what is known of it.

  Attributes:
    name: what the image is called.
    image: the encoded image.
    shape: height, width and 3; None if it is not known without decoding.
    split: 'train' or 'test'; '' if it is of none.
    attributes: {column: value}.
    vector: float32 [size]; None without one.
  """

  name: str
  image: bytes
  shape: tuple[int, ...] | None = None
  split: str = ''
  attributes: Mapping[str, str] = {}
  vector: np.ndarray | None = None


class Location(NamedTuple):
  """Where a record is.

  Attributes:
    path: the file.
    number: the record's number in it, from 0.
    start: where its data start, bytes.
    size: number of bytes of its data.
  """

  path: str
  number: int
  start: int
  size: int


def write(
  path: str | os.PathLike, records: Iterable[Record], total: int
) -> None:
  """Writes a file wholly or not at all; equal records give equal bytes.

  Args:
    path: the file to write or replace; its folder is made if missing.
    records: what it is to hold.
    total: how many records they are.

  Raises:
    OSError: it cannot be written; the old file, if any, is untouched.
    ValueError: a record is larger than `read` takes, or they are not so many.
  """
  import tensorflow as tf

  with files.atomic_path(path) as unfinished:
    try:
      # Bytes, as a name need not be UTF-8.
      with tf.io.TFRecordWriter(os.fsencode(unfinished)) as writer:
        written = 0
        for record in records:
          writer.write(_serialize(record, (written, total)))
          written += 1
    except tf.errors.OpError as error:
      # Its own error does not say which number the system gave.
      raise OSError(
        f'{errors.printable(path)}: cannot be written '
        f'({errors.first_line(error)})'
      ) from None
    if written != total:
      raise ValueError(f'{written} records were given, and {total} announced')


def iterate(path: str | os.PathLike) -> Iterator[tuple[Location, Record]]:
  """All records of a file in order, each checked before it is given.

  Raises:
    DamagedFile: a byte is not as it was written, records are missing, or it is
      no such file at all; names the file and the record.
    OSError: it cannot be read.
  """
  import tensorflow as tf

  path = os.fspath(path)
  total = count(path)
  serialized = tf.data.TFRecordDataset(os.fsencode(path)).as_numpy_iterator()
  # Anew, as a list of countless empty records is far larger than their file.
  for location in _locate(path):
    try:
      data = next(serialized)
    except (tf.errors.DataLossError, StopIteration):
      _refuse(location, 'its bytes are not those of its checksum')
    if len(data) != location.size:
      _refuse(location, 'the file changed while it was read')
    yield location, _parse(data, location, total)


def read(location: Location) -> Record:
  """Reads one record again, by any thread.

  Args:
    location: where `iterate` found it.

  Raises:
    DamagedFile: it is not what it was; names the file and the record.
    OSError: it cannot be read.
  """
  with _open(location.path) as file:
    file.seek(location.start)
    data = file.read(location.size)
  if len(data) != location.size:
    _refuse(location, 'the file has become shorter')
  return _parse(data, location)


def count(path: str | os.PathLike) -> int:
  """The number of a file's records, whose data are not read.

  Raises:
    DamagedFile: it is cut off, or no such file at all.
    OSError: it cannot be read.
  """
  return sum(1 for _ in _locate(os.fspath(path)))


def _serialize(record: Record, place: tuple[int, int]) -> bytes:
  import tensorflow as tf

  def strings(value: bytes) -> Any:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

  def numbers(values: Sequence[int]) -> Any:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

  features = {
    'name': strings(_encode(record.name)),
    'image': strings(record.image),
    'sha256': strings(bytes.fromhex(files.sha256(record.image))),
    'place': numbers(place),
  }
  if record.shape is not None:
    features['shape'] = numbers(record.shape)
  if record.split:
    features['split'] = strings(_encode(record.split))
  for column, value in record.attributes.items():
    features[_ATTRIBUTE + column] = strings(_encode(value))
  if record.vector is not None:
    vector = tf.train.FloatList(value=np.asarray(record.vector, np.float32))
    features['vector'] = tf.train.Feature(float_list=vector)
  example = tf.train.Example(features=tf.train.Features(feature=features))
  data = example.SerializeToString(deterministic=True)
  if len(data) > _MAX_RECORD_BYTES:
    raise ValueError(
      f'{errors.printable(record.name)}: {len(data):,} bytes are over the '
      f'limit of {_MAX_RECORD_BYTES:,} of a record; make the image smaller'
    )
  return data


# The bytes of a file name that are not UTF-8 stay as they are.
def _encode(text: str) -> bytes:
  return text.encode(errors='surrogateescape')


def _decode(content: bytes) -> str:
  return content.decode(errors='surrogateescape')


def _open(path: str) -> BinaryIO:
  try:
    return regular_files.open_binary(path)
  except regular_files.NotRegular as error:
    raise DamagedFile(f'{errors.printable(path)}: {error}') from None


def _locate(path: str) -> Iterator[Location]:
  """Where the records of a file are, none of whose data are read."""
  with _open(path) as file:
    end = os.fstat(file.fileno()).st_size
    if not end:
      raise DamagedFile(
        f'{errors.printable(path)}: an empty file; copy it again, or write it '
        'anew'
      )
    start = number = 0
    while start < end:
      file.seek(start)
      head = file.read(_HEAD_BYTES)
      (size,) = _LENGTH.unpack(head[:8].ljust(8, b'\0'))
      location = Location(path, number, start + _HEAD_BYTES, size)
      if len(head) == _HEAD_BYTES and _masked_crc(head[:8]) != head[8:]:
        if not number:
          raise DamagedFile(
            f'{errors.printable(path)}: no TFRecord file, or its first bytes '
            'are damaged'
          )
        _refuse(location, 'its length is not that of its checksum')
      start = location.start + size + _FOOT_BYTES
      if len(head) < _HEAD_BYTES or start > end:
        _refuse(location, 'the file is cut off')
      if size > _MAX_RECORD_BYTES:
        _refuse(
          location,
          f'{size:,} bytes are over the limit of {_MAX_RECORD_BYTES:,}',
        )
      yield location
      number += 1


def _parse(data: bytes, location: Location, total: int | None = None) -> Record:
  """The record of a serialized `tf.train.Example`, which may be hostile."""
  try:
    features = _features(memoryview(data))
    return _to_record(features, location, total)
  # Protobuf has errors of its own, others in each of its implementations.
  except DamagedFile:
    raise
  except Exception as error:
    _refuse(location, errors.first_line(error))


def _to_record(
  features: Mapping[str, memoryview], location: Location, total: int | None
) -> Record:
  import tensorflow as tf

  def feature(key: str) -> Any:
    if len(features[key]) > _MAX_OTHER_BYTES:
      _refuse(location, f'feature {key!r} is over {_MAX_OTHER_BYTES:,} bytes')
    return tf.train.Feature.FromString(bytes(features[key]))

  def text(key: str) -> str:
    return _decode(b''.join(feature(key).bytes_list.value[:1]))

  for key in ('name', 'image'):
    if key not in features:
      _refuse(location, f'it has no feature {key!r}, see docs/datasets.md')
  image = _only_bytes(features['image'])
  if 'sha256' in features:
    (expected,) = feature('sha256').bytes_list.value
    if bytes.fromhex(files.sha256(image)) != expected:
      _refuse(location, 'its image is not that of its checksum')
  if 'place' in features and total is not None:
    number, count = feature('place').int64_list.value
    if (number, count) != (location.number, total):
      _refuse(
        location,
        f'it is record {number} of {count:,}, and the file has {total:,}: '
        'records are missing',
      )
  name = text('name')
  if not name:
    _refuse(location, 'its name is empty')
  return Record(
    name,
    image,
    tuple(feature('shape').int64_list.value) if 'shape' in features else None,
    text('split') if 'split' in features else '',
    {
      key.removeprefix(_ATTRIBUTE): text(key)
      for key in features
      if key.startswith(_ATTRIBUTE)
    },
    np.array(feature('vector').float_list.value, np.float32)
    if 'vector' in features
    else None,
  )


def _refuse(location: Location, reason: str) -> NoReturn:
  raise DamagedFile(
    f'{errors.printable(location.path)}: record {location.number} at byte '
    f'{location.start - _HEAD_BYTES} is damaged: {errors.printable(reason)}; '
    'copy the file again, or write it anew'
  )


def _features(data: memoryview) -> dict[str, memoryview]:
  """The features of a serialized Example, not parsed themselves.

  Protobuf's own parser would first make objects of all of them, of which a
  hostile record has millions.
  """
  found: dict[str, memoryview] = {}
  count = 0  # Not len(found): a key may be there any number of times.
  for features in _fields(data, 1):
    for entry in _fields(features, 1):
      count += 1
      if count > _MAX_FEATURES:
        raise ValueError(f'it has more than {_MAX_FEATURES:,} features')
      key, value = (_only(_fields(entry, number)) for number in (1, 2))
      found[_decode(bytes(key))] = value
  return found


def _only_bytes(feature: memoryview) -> bytes:
  """The value of a Feature that is one string of bytes."""
  return bytes(_only(_fields(_only(_fields(feature, 1)), 1)))


def _only(values: Iterator[memoryview]) -> memoryview:
  found = next(values, None)
  if found is None or next(values, None) is not None:
    raise ValueError('a feature has no value, or several')
  return found


def _fields(message: memoryview, number: int) -> Iterator[memoryview]:
  """The values of one field, which has a length, of a serialized message."""
  place = count = 0

  def varint() -> int:
    nonlocal place
    value = 0
    for shift in range(0, 64, 7):
      byte = message[place]
      place += 1
      value |= (byte & 0x7F) << shift
      if byte < 0x80:
        return value
    raise ValueError('it is no tf.train.Example')

  with contextlib.suppress(IndexError):
    while place < len(message):
      count += 1
      if count > _MAX_FEATURES:
        raise ValueError(f'it has more than {_MAX_FEATURES:,} features')
      tag = varint()
      if tag & 7 != 2:
        raise ValueError('it is no tf.train.Example')
      size = varint()
      if place + size > len(message):
        break
      if tag >> 3 == number:
        yield message[place : place + size]
      place += size
    else:
      return
  raise ValueError('it is no whole tf.train.Example')


def _crc_of_byte(crc: int) -> int:
  for _ in range(8):
    crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
  return crc


_CRC_TABLE = tuple(map(_crc_of_byte, range(256)))


def _masked_crc(content: bytes) -> bytes:
  """TFRecord's checksum of a few bytes: CRC-32C, rotated and shifted."""
  crc = 0xFFFFFFFF
  for byte in content:
    crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
  crc ^= 0xFFFFFFFF
  masked = (crc >> 15 | crc << 17) + 0xA282EAD8
  return struct.pack('<I', masked & 0xFFFFFFFF)

"""The metadata of TFLite files: tables of a flatbuffer, written and read.

A dataclass stands for a table of tflite-support's metadata_schema.fbs, with the
fields that exports have by their number there; a file may have others, which
are passed over. The bytes are those that tflite-support's own classes write.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import flatbuffers
import numpy as np
from flatbuffers import number_types
from flatbuffers import table as flatbuffers_table

# The name that they have in a file.
NAME = b'TFLITE_METADATA'
_IDENTIFIER = b'M001'
# Values of AssociatedFile.type and ImageProperties.color_space.
TENSOR_VALUE_LABELS, SCANN_INDEX_FILE = 3, 6
RGB = 1

# Bytes of a place in a vector.
_PLACE = 4


class _Kind:
  """How the values of a field are kept: here, as the place of something."""

  def write(self, builder: flatbuffers.Builder, value: Any) -> Any:
    """Writes what lies outside of the table; returns what lies in it."""
    raise NotImplementedError

  def add(self, builder: flatbuffers.Builder, number: int, part: Any) -> None:
    """Writes what lies in the table."""
    builder.PrependUOffsetTRelativeSlot(number, part, 0)

  def read(self, table: flatbuffers_table.Table, number: int) -> Any:
    """Reads the field; None if the table does not have it."""
    offset = _offset(table, number)
    return self._read_at(table, offset) if offset else None

  def _read_at(self, table: flatbuffers_table.Table, offset: int) -> Any:
    raise NotImplementedError


def _offset(table: flatbuffers_table.Table, number: int) -> int:
  """Where a field lies in its table; 0 if the table does not have it."""
  # A table lists where its fields lie after two sizes, two bytes each.
  return table.Offset(4 + 2 * number)


class _Text(_Kind):
  """A string; what is no UTF-8 is read as replacement characters."""

  def write(self, builder, value: str) -> int:
    return builder.CreateString(value)

  def _read_at(self, table, offset) -> str:
    return table.String(table.Pos + offset).decode('utf-8', 'replace')


class _Code(_Kind):
  """A value of an enumeration, 0 if the table does not have it."""

  def write(self, builder, value: int) -> int:
    return value

  def add(self, builder, number, part: int) -> None:
    builder.PrependInt8Slot(number, part, 0)

  def read(self, table, number) -> int:
    return super().read(table, number) or 0

  def _read_at(self, table, offset) -> int:
    return table.Get(number_types.Int8Flags, table.Pos + offset)


class _Floats(_Kind):
  """Numbers of 32 bits."""

  def write(self, builder, value: Sequence[float]) -> int:
    builder.StartVector(4, len(value), 4)
    for number in reversed(value):
      builder.PrependFloat32(number)
    return builder.EndVector()

  def _read_at(self, table, offset) -> np.ndarray:
    return table.GetVectorAsNumpy(number_types.Float32Flags, offset)


class _One(_Kind):
  """A table."""

  def __init__(self, table: type['_Table']):
    self._table = table

  def write(self, builder, value: '_Table') -> int:
    return value.pack(builder)

  def _read_at(self, table, offset) -> Any:
    place = table.Indirect(table.Pos + offset)
    return self._table.unpack(table.Bytes, place)


class _Many(_One):
  """Any number of tables of one class."""

  def write(self, builder, value: Sequence['_Table']) -> int:
    places = [table.pack(builder) for table in value]
    builder.StartVector(_PLACE, len(places), _PLACE)
    for place in reversed(places):
      builder.PrependUOffsetTRelative(place)
    return builder.EndVector()

  def _read_at(self, table, offset) -> list[Any]:
    start, count = table.Vector(offset), table.VectorLen(offset)
    places = [table.Indirect(start + _PLACE * i) for i in range(count)]
    return [self._table.unpack(table.Bytes, place) for place in places]


class _OneOf(_Kind):
  """A table of one of several classes, after the number of its class.

  One of a class that is not listed is read as None.
  """

  def __init__(self, tables: Mapping[int, type['_Table']]):
    self._tables = tables

  def write(self, builder, value: '_Table') -> tuple[int, int]:
    (code,) = (n for n, table in self._tables.items() if type(value) is table)
    return code, value.pack(builder)

  def add(self, builder, number, part: tuple[int, int]) -> None:
    code, place = part
    builder.PrependUint8Slot(number, code, 0)
    builder.PrependUOffsetTRelativeSlot(number + 1, place, 0)

  def read(self, table, number) -> Any:
    offset = _offset(table, number)
    code = (
      table.Get(number_types.Uint8Flags, table.Pos + offset) if offset else 0
    )
    if code not in self._tables:
      return None
    return _One(self._tables[code]).read(table, number + 1)


_AnyTable = TypeVar('_AnyTable', bound='_Table')


class _Table:
  """A table; its fields are declared by `_field`."""

  def pack(self, builder: flatbuffers.Builder) -> int:
    """Writes it, and returns its place."""
    # What lies outside of the table is written before it.
    written = []
    for field in dataclasses.fields(self):
      (kind, number), value = _declared(field), getattr(self, field.name)
      if value is not None:
        written.append((kind, number, kind.write(builder, value)))
    # One of several classes takes two fields.
    builder.StartObject(2 + max((n for _, n, _ in written), default=0))
    for kind, number, part in written:
      kind.add(builder, number, part)
    return builder.EndObject()

  @classmethod
  def unpack(cls: type[_AnyTable], content: bytes, place: int) -> _AnyTable:
    """Reads the table at a place in a flatbuffer."""
    table = flatbuffers_table.Table(content, place)
    declared = {f.name: _declared(f) for f in dataclasses.fields(cls)}
    return cls(
      **{
        name: kind.read(table, number)
        for name, (kind, number) in declared.items()
      }
    )


def _field(number: int, kind: _Kind) -> Any:
  """A field by its number in the schema; None by default."""
  return dataclasses.field(default=None, metadata=dict(declared=(kind, number)))


def _declared(field: dataclasses.Field) -> tuple[_Kind, int]:
  return field.metadata['declared']


@dataclasses.dataclass(eq=False, kw_only=True)
class AssociatedFile(_Table):
  """A file in the zip at the end of a TFLite file."""

  name: str | None = _field(0, _Text())
  description: str | None = _field(1, _Text())
  type: int | None = _field(2, _Code())


@dataclasses.dataclass(eq=False, kw_only=True)
class FeatureProperties(_Table):
  """Of a tensor of numbers that are no image."""


@dataclasses.dataclass(eq=False, kw_only=True)
class ImageProperties(_Table):
  """Of a tensor that holds an image."""

  color_space: int | None = _field(0, _Code())


@dataclasses.dataclass(eq=False, kw_only=True)
class Content(_Table):
  """What a tensor holds."""

  properties: FeatureProperties | ImageProperties | None = _field(
    0, _OneOf({1: FeatureProperties, 2: ImageProperties})
  )


@dataclasses.dataclass(eq=False, kw_only=True)
class NormalizationOptions(_Table):
  """(x - mean) / std, for all channels or for each."""

  mean: Sequence[float] | None = _field(0, _Floats())
  std: Sequence[float] | None = _field(1, _Floats())


@dataclasses.dataclass(eq=False, kw_only=True)
class ProcessUnit(_Table):
  """What is done to a tensor; None if it is not a normalization."""

  options: NormalizationOptions | None = _field(
    0, _OneOf({1: NormalizationOptions})
  )


@dataclasses.dataclass(eq=False, kw_only=True)
class Stats(_Table):
  """The range of a tensor's values."""

  max: Sequence[float] | None = _field(0, _Floats())
  min: Sequence[float] | None = _field(1, _Floats())


@dataclasses.dataclass(eq=False, kw_only=True)
class TensorMetadata(_Table):
  """Describes one input or output."""

  name: str | None = _field(0, _Text())
  description: str | None = _field(1, _Text())
  content: Content | None = _field(3, _One(Content))
  process_units: list[ProcessUnit] | None = _field(4, _Many(ProcessUnit))
  stats: Stats | None = _field(5, _One(Stats))
  associated_files: list[AssociatedFile] | None = _field(
    6, _Many(AssociatedFile)
  )


@dataclasses.dataclass(eq=False, kw_only=True)
class SubGraphMetadata(_Table):
  """Describes inputs and outputs, in the order in which the file has them."""

  input_tensor_metadata: list[TensorMetadata] | None = _field(
    2, _Many(TensorMetadata)
  )
  output_tensor_metadata: list[TensorMetadata] | None = _field(
    3, _Many(TensorMetadata)
  )


@dataclasses.dataclass(eq=False, kw_only=True)
class ModelMetadata(_Table):
  """Describes a file."""

  name: str | None = _field(0, _Text())
  description: str | None = _field(1, _Text())
  version: str | None = _field(2, _Text())
  subgraph_metadata: list[SubGraphMetadata] | None = _field(
    3, _Many(SubGraphMetadata)
  )
  author: str | None = _field(4, _Text())
  license: str | None = _field(5, _Text())
  associated_files: list[AssociatedFile] | None = _field(
    6, _Many(AssociatedFile)
  )
  min_parser_version: str | None = _field(7, _Text())


def write(metadata: ModelMetadata) -> bytes:
  """Returns the flatbuffer of metadata."""
  builder = flatbuffers.Builder(0)
  builder.Finish(metadata.pack(builder), _IDENTIFIER)
  return bytes(builder.Output())


def read(content: bytes) -> ModelMetadata:
  """Reads a flatbuffer of metadata; raises nearly anything if it is damaged."""
  start = flatbuffers_table.Table(content, 0)
  return ModelMetadata.unpack(content, start.Indirect(0))

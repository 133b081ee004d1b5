"""Seconds of each operation of a function, by TensorFlow's profiler.

The profiler writes XSpace messages (tsl/profiler/protobuf/xplane.proto). The
few fields that say which operation ran when are read here, so that nothing but
TensorFlow is needed.
"""

import pathlib
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

_OPERATION = re.compile(r'[^ :]+:\w+')  # Where in the model, and its type.
_THREADS = 'tf_Compute'
# Field numbers of the messages.
_PLANES = 1
_LINES, _NAMES = 3, 4
_LINE_NAME, _EVENTS = 2, 4
_KEY, _VALUE, _NAME = 1, 2, 2
_EVENT_NAME, _BEGIN, _DURATION = 1, 2, 3


def record(function: Callable[[], Any]) -> Counter:
  """Seconds of each operation while a function runs.

  The time of an operation that runs others, as a condition does, is without
  theirs. Times are wall-clock times, whatever else the cores did.

  Args:
    function: function to run; if it was not traced before, tracing is recorded,
      too.

  Returns:
    {'scope/name:Type': seconds of all its runs}.
  """
  with tempfile.TemporaryDirectory() as folder:
    with tf.profiler.experimental.Profile(folder):
      function()
    (path,) = pathlib.Path(folder).rglob('*.xplane.pb')
    space = memoryview(path.read_bytes())
  seconds = Counter()
  for number, plane in _fields(space):
    if number == _PLANES:
      seconds.update(_of_plane(plane))
  return seconds


def _of_plane(plane) -> Counter:
  names, lines = {}, []
  for number, value in _fields(plane):
    if number == _LINES:
      lines.append(value)
    elif number == _NAMES:
      entry = dict(_fields(value))
      names[entry[_KEY]] = _text(dict(_fields(entry[_VALUE])).get(_NAME, b''))
  seconds = Counter()
  for line in lines:
    fields = list(_fields(line))
    if _text(dict(fields).get(_LINE_NAME, b'')).startswith(_THREADS):
      events = (dict(_fields(v)) for number, v in fields if number == _EVENTS)
      seconds.update(_own_times(events, names))
  return seconds


def _own_times(events, names) -> Counter:
  """Seconds of one thread's operations, without what runs inside of them."""
  spans = sorted(
    (e.get(_BEGIN, 0), -e.get(_DURATION, 0), names[e[_EVENT_NAME]])
    for e in events
    if _OPERATION.fullmatch(names.get(e.get(_EVENT_NAME), ''))
  )
  seconds, around = Counter(), []
  for begin, negative, name in spans:
    duration = -negative
    while around and around[-1][0] <= begin:
      around.pop()
    if around:
      seconds[around[-1][1]] -= duration / 1e12
    seconds[name] += duration / 1e12
    around.append((begin + duration, name))
  return seconds


def _text(value) -> str:
  return bytes(value).decode()


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
  """(number, value) of each field: an int, or the bytes of a longer value.

  See https://protobuf.dev/programming-guides/encoding.
  """
  place = 0
  while place < len(message):
    key, place = _varint(message, place)
    kind = key & 7
    if kind == 0:
      value, place = _varint(message, place)
    else:
      if kind == 2:
        size, place = _varint(message, place)
      else:
        size = {1: 8, 5: 4}[kind]
      value, place = message[place : place + size], place + size
    yield key >> 3, value


def _varint(message, place):
  value = shift = 0
  while True:
    byte = message[place]
    value |= (byte & 127) << shift
    place, shift = place + 1, shift + 7
    if byte < 128:
      return value, place

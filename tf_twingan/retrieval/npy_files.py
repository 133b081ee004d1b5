"""Reads the content of a .npy file, and nothing that it only claims to hold.

`numpy.load` allocates what the header of a file says before it looks for it,
which a damaged or hostile file can use up all memory with.
"""

import io
import math

import numpy as np

from tf_twingan import errors


def parse(content: bytes) -> np.ndarray:
  """The array that `numpy.save` wrote, as a view of the bytes.

  Raises:
    ValueError: it is something else; says what is wrong with it.
  """
  buffer = io.BytesIO(content)
  try:
    if np.lib.format.read_magic(buffer) != (1, 0):
      raise ValueError('an array of another version')
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(buffer)
  # A header is read as Python, on which nearly every exception is raised.
  except Exception as error:
    raise ValueError(f'it holds no array: {errors.first_line(error)}') from None
  if dtype.kind not in 'fiu':
    raise ValueError('it holds no array of plain numbers')
  start = buffer.tell()
  if math.prod(shape) * dtype.itemsize != len(content) - start:
    raise ValueError(f'it does not hold the {list(shape)} numbers that it says')
  values = np.frombuffer(content, dtype, offset=start)
  return values.reshape(shape, order='F' if by_column else 'C')

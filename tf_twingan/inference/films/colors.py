"""Colours of frames: from their YUV to the RGB of a network, and back.

What the numbers of a frame mean stands beside them as four codes of ITU-T
H.273: matrix, range, primaries and transfer. They are kept, so that what is
not translated looks as before, with two exceptions. Where there is no matrix,
the one is written that players assume. And high dynamic range (PQ, HLG) becomes
standard: light up to the reference white of ITU-R BT.2408, 203 cd/m2, keeps its
brightness and hue as far as BT.709 has it, and what is brighter is white.
"""

from typing import NamedTuple

import numpy as np

from tf_twingan import extras

with extras.needed('video'):
  import av
  import av.filter

_BT709, _UNSPECIFIED, _SMPTE170M = 1, 2, 6
_RGB = 0
_LIMITED, _FULL = 1, 2
_PQ, _HLG = 16, 18
# Matrices that are just that: the others have the brightness computed of light
# (constant luminance), or are of IPT and ICtCp, which takes more than a matrix.
_MATRICES = {_RGB, _BT709, _UNSPECIFIED, 4, 5, _SMPTE170M, 7, 9}
# Players take larger films than this for BT.709, where there is no matrix.
_HIGH_WIDTH, _LOW_HEIGHT = 1280, 576

# Flags of FFmpeg's scaler: bicubic, rounded right, no chroma left out. A frame
# that goes to RGB and back changes by one level at most.
_EXACT = 0x4 | 0x40000 | 0x2000 | 0x4000
# Its conversion to another transfer and primaries, which keeps white as white.
_TO_STANDARD = (
  'out_transfer=bt709:out_primaries=bt709:out_range=pc:'
  'intent=relative_colorimetric'
)


class UnknownColors(ValueError):
  """Colours are coded in a way that cannot be converted; says which."""


class Tags(NamedTuple):
  """What the numbers of a frame mean, as codes of ITU-T H.273.

  Attributes:
    matrix: how YUV follows from RGB; 0 is RGB itself.
    range: 1 for 16 to 235, 2 for 0 to 255; 0 if it is not said.
    primaries: which red, green and blue.
    transfer: how light becomes numbers.
  """

  matrix: int
  range: int
  primaries: int
  transfer: int

  @property
  def is_high_dynamic_range(self) -> bool:
    """Whether numbers stand for light that is far brighter than white."""
    return self.transfer in (_PQ, _HLG)


_STANDARD = Tags(_BT709, _LIMITED, _BT709, _BT709)


class Colors:
  """Converts the frames of one film.

  Attributes:
    result: what the numbers of the result mean.
    size: width and height of all frames, those of the first one.
  """

  def __init__(self, frame: av.VideoFrame):
    """Looks at the first frame of the film.

    Raises:
      UnknownColors: its colours cannot be converted.
    """
    self.size = frame.width, frame.height
    self.source = _tags(frame)
    self._graph: av.filter.Graph | None = None
    self._graph_of = ''
    if self.source.is_high_dynamic_range:
      self.result = _STANDARD
      return
    matrix, range_, *rest = self.source
    if matrix in (_RGB, _UNSPECIFIED):
      is_high = frame.width >= _HIGH_WIDTH or frame.height > _LOW_HEIGHT
      matrix = _BT709 if is_high else _SMPTE170M
    if self.source.matrix == _RGB or range_ not in (_LIMITED, _FULL):
      range_ = _LIMITED
    self.result = Tags(matrix, range_, *rest)

  def to_rgb(self, frame: av.VideoFrame) -> np.ndarray:
    """The image of a frame: uint8 RGB [height, width, 3] of the film's size.

    Raises:
      UnknownColors: its colours are others than those of the film's first
        frame, and cannot be converted.
    """
    width, height = self.size
    tags = _tags(frame)
    if tags.is_high_dynamic_range:
      frame = self._to_standard(frame)
    elif tags.matrix == _UNSPECIFIED:
      frame.colorspace = self.result.matrix
    return frame.reformat(
      width,
      height,
      format='rgb24',
      dst_color_range=_FULL,
      interpolation=_EXACT,
    ).to_ndarray()

  def from_rgb(self, image: np.ndarray) -> av.VideoFrame:
    """A frame of the result, in YUV 4:2:0 of 8 bits, tagged as it is.

    Args:
      image: uint8 RGB [height, width, 3].
    """
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), 'rgb24')
    frame.color_range = _FULL
    # The scaler takes the matrix that is to be written from here.
    frame.colorspace = self.result.matrix
    return frame.reformat(
      format='yuv420p',
      dst_color_range=self.result.range,
      interpolation=_EXACT,
    )

  def _to_standard(self, frame: av.VideoFrame) -> av.VideoFrame:
    """A frame of high dynamic range as RGB of BT.709."""
    kind = (
      f'video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:'
      f'time_base=1/1:colorspace={frame.colorspace}:range={frame.color_range}'
    )
    if self._graph is None or kind != self._graph_of:
      graph = av.filter.Graph()
      graph.link_nodes(
        graph.add('buffer', kind),
        graph.add('scale', _TO_STANDARD),
        graph.add('format', 'pix_fmts=rgb24'),
        graph.add('buffersink'),
      ).configure()
      self._graph, self._graph_of = graph, kind
    self._graph.vpush(frame)
    return self._graph.vpull()


def _tags(frame: av.VideoFrame) -> Tags:
  """What a frame says of its colours.

  Raises:
    UnknownColors: they cannot be converted.
  """
  tags = Tags(
    _RGB if frame.format.is_rgb else frame.colorspace,
    frame.color_range,
    frame.color_primaries,
    frame.color_trc,
  )
  if tags.matrix not in _MATRICES:
    raise UnknownColors(
      f'its colours are coded by matrix {tags.matrix} of ITU-T H.273, which '
      'cannot be converted; convert it to BT.709 first'
    )
  return tags

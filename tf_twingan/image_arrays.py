"""Image arrays: make square, shrink, convert between uint8 and [-1, 1].

The box filter of `downsample` is the one with which progressive growing
(Karras et al., 2018, section 2) makes the real images of its lower resolutions.
NumPy and Pillow only: TensorFlow is not imported here.
"""

import numpy as np
from PIL import Image

FITS = ('crop', 'pad')


def square(
  image: np.ndarray, resolution: int, fit: str = 'crop', *, crop: float = 1.0
) -> np.ndarray:
  """Makes an image square, with an anti-aliased (Lanczos) resize.

  Args:
    image: uint8 RGB, [height, width, 3].
    resolution: side of the result in pixels.
    fit: 'crop' keeps the central square; 'pad' keeps everything and fills up
      with white.
    crop: central fraction of both sides to keep first, in (0, 1].

  Returns:
    uint8 RGB, [resolution, resolution, 3].
  """
  return square_of(Image.fromarray(image), resolution, fit, crop=crop)


def square_of(
  image: Image.Image, resolution: int, fit: str = 'crop', *, crop: float = 1.0
) -> np.ndarray:
  """Makes an image of Pillow square, mode RGB; see `square`."""
  if fit not in FITS:
    raise ValueError(f'fit {fit!r} is unknown; use one of {", ".join(FITS)}')
  if not 0 < crop <= 1:
    raise ValueError(f'crop {crop} is outside (0, 1]; 1 keeps everything')
  width, height = image.size
  kept_width, kept_height = crop * width, crop * height
  if fit == 'crop':
    kept_width = kept_height = min(kept_width, kept_height)
  left, top = (width - kept_width) / 2, (height - kept_height) / 2
  scale = resolution / max(kept_width, kept_height)
  # At least one pixel, even of an image a thousand times as long as high.
  size = (max(1, round(kept_width * scale)), max(1, round(kept_height * scale)))
  small = image.resize(
    size,
    Image.Resampling.LANCZOS,
    reducing_gap=3.0,
    box=(left, top, left + kept_width, top + kept_height),
  )
  if size != (resolution, resolution):
    canvas = Image.new('RGB', (resolution, resolution), 'white')
    canvas.paste(
      small, ((resolution - size[0]) // 2, (resolution - size[1]) // 2)
    )
    small = canvas
  return np.asarray(small)


def downsample(images: np.ndarray, resolution: int) -> np.ndarray:
  """Shrinks square images by an exact box filter.

  Args:
    images: NHWC, [n, size, size, channels], uint8 or float; `size` is
      `resolution` times a power of two.
    resolution: side of the result in pixels.

  Returns:
    [n, resolution, resolution, channels], same dtype; uint8 rounded once, at
    the end. `images` itself where nothing is to be done.
  """
  count, height, width, channels = images.shape
  factor = height // max(resolution, 1)
  if (
    height != width
    or factor * resolution != height
    or factor < 1
    or factor & (factor - 1)
  ):
    raise ValueError(
      f'{height}x{width} images cannot be halved down to {resolution}; '
      'their side must be that resolution times a power of two'
    )
  if factor == 1:
    return images
  result = np.empty((count, resolution, resolution, channels), images.dtype)
  # Slices of some 32 MB keep the wider sums of a large memmap out of memory.
  rows = max(1, 2**23 // (height * width * channels))
  for start in range(0, count, rows):
    part = images[start : start + rows]
    if images.dtype == np.uint8:
      total = _halved(part.astype(np.uint32), factor)
      part = (total + factor**2 // 2) // factor**2
    else:
      total = _halved(
        part.astype(np.promote_types(part.dtype, np.float32)), factor
      )
      part = total / factor**2
    result[start : start + rows] = part
  return result


def _halved(values: np.ndarray, factor: int) -> np.ndarray:
  """Sums over factor x factor boxes, by halving."""
  while factor > 1:
    values = values[:, 0::2] + values[:, 1::2]
    values = values[:, :, 0::2] + values[:, :, 1::2]
    factor //= 2
  return values


def to_float(images: np.ndarray) -> np.ndarray:
  """uint8 images as float32 in [-1, 1]."""
  return np.asarray(images, np.float32) / np.float32(127.5) - np.float32(1)


def to_uint8(images: np.ndarray) -> np.ndarray:
  """Images in [-1, 1] as uint8, rounded; values beyond are clipped."""
  values = np.asarray(images, np.float32) * 127.5 + 127.5
  return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def check_finite(values: np.ndarray) -> np.ndarray:
  """Returns what a network gives, or raises FloatingPointError.

  Raises:
    FloatingPointError: a value is NaN or infinite; as a pixel it would pass
      for black or white.
  """
  if not np.isfinite(values).all():
    raise FloatingPointError(
      'the network gives NaN or infinite values: its training has diverged, or '
      'its file is damaged; use an earlier checkpoint, or train again with a '
      'lower learning rate'
    )
  return values


def check_image(image: np.ndarray) -> np.ndarray:
  """Returns the image, or raises ValueError unless it is uint8 [h, w, 3]."""
  image = np.asarray(image)
  if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3:
    raise ValueError(
      f'an image must be uint8 [height, width, 3]; got '
      f'{image.dtype} {list(image.shape)}'
    )
  return image


def check_images(images: np.ndarray) -> np.ndarray:
  """Returns images as an array, or raises ValueError.

  Raises:
    ValueError: they are no uint8 array [n, height, width, 3]; says what they
      are, and what to give instead.
  """
  try:
    array = np.asarray(images)
  except ValueError:
    sizes = sorted({str(list(np.shape(image))) for image in images})
    raise ValueError(
      f'images are a list of different shapes, {" and ".join(sizes[:3])}; give '
      'one array, uint8 RGB [n, height, width, 3], or one image at a time.'
    ) from None
  if array.dtype == np.uint8 and array.ndim == 4 and array.shape[3] == 3:
    if 0 not in array.shape[1:]:
      return array
  raise ValueError(
    f'images are {array.dtype} {list(array.shape)}; give uint8 RGB '
    f'[n, height, width, 3] ({_remedy(array)}).'
  )


def _remedy(array: np.ndarray) -> str:
  """What makes images of an array, if that can be guessed."""
  shape = array.shape
  if array.dtype.kind in 'OSU':
    return 'of a file, translator.read(path)[None]'
  if array.dtype != np.uint8:
    return 'values of 0 to 255, rounded, and .astype(np.uint8)'
  if array.ndim == 3 and shape[2] == 3:
    return 'a single image as images[None]'
  if array.ndim == 3:
    return 'grey images as np.stack([images] * 3, axis=-1)'
  if array.ndim == 4 and shape[3] == 1:
    return 'grey images as np.repeat(images, 3, axis=-1)'
  if array.ndim == 4 and shape[3] == 4:
    return 'without their transparency as images[..., :3]'
  if array.ndim == 4 and shape[1] == 3:
    return 'with the channels last as np.moveaxis(images, 1, -1)'
  return 'a single image as images[None]'

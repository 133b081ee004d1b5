"""Translator: a trained run or a pretrained model, ready to use.

It needs the run's `model.json` and a checkpoint, and neither gin nor data nor
an optimizer. It uses the averaged weights with the moving statistics that
were estimated for them, so an image's translation depends on nothing but
the image.
"""

import functools
import hashlib
import os

import numpy as np
import tensorflow as tf

from tf_twingan import image_arrays
from tf_twingan.runs import loading

_BATCH = 32
_CODE_SIZE = 4  # px; of the content code.


class Translator:
  """Translates images between the domains of one model.

  Attributes:
    domains: their names, in order.
    model: the network, in float32, with the averaged weights.
    resolution: side of the images that it draws, px.
    alpha: how far that resolution is faded in; 1 but in the midst of a fade.
    images_seen: of each domain, in training.
    origin: what `reopen` takes to load this model again, on this machine.
  """

  def __init__(self, run_dir: str):
    """Loads a run.

    Args:
      run_dir: the directory of a training, finished or not.

    Raises:
      FileNotFoundError: it holds no run, or no checkpoint yet.
      ValueError: what it holds is damaged, or draws from noise.
    """
    self.origin = os.path.abspath(run_dir)
    self._trained = loading.load(run_dir)
    self.model = self._trained.model
    if not self.model.translates:
      raise ValueError(
        f'{run_dir} holds a model that draws from noise and translates '
        f'nothing: python -m tf_twingan.sample --run_dir={run_dir} --count=64 '
        '--output=DIR'
      )
    self.resolution = self._trained.resolution
    # Python numbers, so that a graph holds just what this stage runs.
    self.alpha = self._trained.alpha
    self.images_seen = self._trained.images_seen
    self.domains: tuple[str, ...] = self.model.domains
    stage = dict(resolution=self.resolution, alpha=self.alpha)
    self._translate = tf.function(
      lambda images, source, target, **condition: self.model.translate(
        images, source, target, **condition, **stage
      ),
      autograph=False,
    )
    self._style = tf.function(
      lambda images, domain: self.model.style(images, [domain], **stage),
      autograph=False,
    )
    self._encode = tf.function(
      lambda images, source: (
        self.model.encode(images, [source], **stage).content
      ),
      autograph=False,
    )
    self._scales = tf.function(
      lambda images, source: _pooled(
        self.model.encode(images, [source], **stage)
      ),
      autograph=False,
    )

  @classmethod
  def from_pretrained(cls, name: str) -> 'Translator':
    """Loads a model that ships with the package.

    Args:
      name: e.g. 'avatar_twins'.

    Raises:
      ValueError: there is no such model; names those that there are.
    """
    translator = cls(str(loading.pretrained_dir(name)))
    # By its name: where packages are installed changes.
    translator.origin = f'{loading.PRETRAINED_PREFIX}{name}'
    return translator

  @classmethod
  def reopen(cls, origin: str) -> 'Translator':
    """Loads a model again by the `origin` of a Translator.

    Raises:
      FileNotFoundError: its run has gone.
      ValueError: it was a pretrained model, and no longer ships.
    """
    if origin.startswith(loading.PRETRAINED_PREFIX):
      return cls.from_pretrained(origin.removeprefix(loading.PRETRAINED_PREFIX))
    return cls(origin)

  @functools.cached_property
  def fingerprint(self) -> str:
    """Names this very model, 64 hex digits: equal only for equal weights.

    Codes of two fingerprints do not compare. A training changes it with every
    checkpoint.
    """
    digest = hashlib.sha256(
      repr((self.domains, self.resolution, self.alpha)).encode()
    )
    for variable in self.model.variables:
      value = np.asarray(variable)
      digest.update(repr((value.shape, value.dtype.str)).encode())
      digest.update(value.tobytes())
    return digest.hexdigest()

  def save(self, folder: str) -> None:
    """Writes what a Translator needs and nothing else, to share a model.

    Args:
      folder: becomes a run directory that can be translated with, but not
        trained further.

    Raises:
      OSError: it could not be written.
      ValueError: the folder holds a run already.
    """
    loading.save(self._trained, folder)

  def translate(
    self,
    images: np.ndarray,
    to: str,
    source: str | None = None,
    *,
    style: np.ndarray | None = None,
  ) -> np.ndarray:
    """Draws images in another domain.

    Args:
      images: uint8 RGB [n, height, width, 3] of any size; the largest square
        in the middle is used.
      to: the domain to draw them in.
      source: their own domain; may be left out if the model has two.
      style: float [style_size], what to draw all of them like, or
        [n, style_size], each of them; of `style` or `random_styles`. Only the
        direction counts. None draws in the mean style of the domain's
        training images; within their own domain, in the images' own.

    Returns:
      uint8 RGB [n, resolution, resolution, 3].

    Raises:
      ValueError: no such domain, `images` or `style` is no such array, or the
        model has no style codes.
    """
    source = self.source_for(to, source)
    if style is None:
      return self._in_batches(
        images,
        lambda batch: image_arrays.to_uint8(
          self._translate(batch, source, to).numpy()
        ),
      )
    return self._in_batches(
      images,
      lambda batch, codes: image_arrays.to_uint8(
        self._translate(batch, source, to, condition=codes).numpy()
      ),
      self._one_for_each(style, len(images)),
    )

  def _one_for_each(self, style, count):
    """Style codes as float32 [count, style_size]."""
    size = self._style_size()
    codes = np.asarray(style, np.float32)
    if codes.shape not in ((size,), (count, size)):
      raise ValueError(
        f'style is {list(codes.shape)}; give [{size}] for all images or '
        f'[{count}, {size}], one for each.'
      )
    return np.broadcast_to(codes, [count, size])

  def _style_size(self):
    if not self.style_size:
      raise ValueError(
        'This model has no style codes; those trained with '
        'TwinGAN.style_size=16, say, have them.'
      )
    return self.style_size

  @property
  def style_size(self) -> int | None:
    """Numbers of a style code; None if the model has none."""
    return self.model.style_size

  def style(self, images: np.ndarray, domain: str) -> np.ndarray:
    """Style codes: how images look, to draw others likewise.

    Args:
      images: as for `translate`.
      domain: theirs; others may be drawn in it in these styles.

    Returns:
      float32 [n, style_size], the mean square of each 1.

    Raises:
      ValueError: no such domain, or the model has no style codes.
    """
    self._style_size()
    self.model.check_domain(domain)
    return self._in_batches(
      images, lambda batch: self._style(batch, domain).numpy()
    )

  def random_styles(self, count: int, seed: int) -> np.ndarray:
    """Style codes drawn at random, as in training.

    Args:
      count: of the codes.
      seed: the same gives the same codes, and their first ones alike for any
        count.

    Returns:
      float32 [count, style_size], the mean square of each 1.

    Raises:
      ValueError: the model has no style codes.
    """
    codes = np.random.default_rng(seed).standard_normal(
      [count, self._style_size()], np.float32
    )
    return codes / np.sqrt(np.mean(codes**2, axis=1, keepdims=True))

  @property
  def has_codes(self) -> bool:
    """Whether `encode` and `scales` give codes; without, they raise."""
    return self.model.has_codes

  def supports(self, source: str, to: str) -> bool:
    """Whether the model is meant to translate from the one to the other.

    All models draw any domain in any other, and most redraw it in itself.

    Raises:
      ValueError: no such domain.
    """
    return self.model.supports(source, to)

  def check_domain(self, domain: str) -> str:
    """Returns the name, or raises ValueError naming the model's domains."""
    return self.model.check_domain(domain)

  def encode(self, images: np.ndarray, source: str) -> np.ndarray:
    """Content codes.

    Args:
      images: as for `translate`.
      source: their domain.

    Returns:
      float32 [n, 4, 4, channels].
    """
    self.model.check_domain(source)
    return self._in_batches(
      images,
      lambda batch: self._encode(batch, source).numpy(),
    )

  def scales(self, images: np.ndarray, source: str) -> dict[int, np.ndarray]:
    """The encoder's features of every scale, each averaged down to 4x4.

    What two images have in common shows in the content code and, finer, in
    the features that its U-Net skips carry; `encode` gives the former whole.

    Args:
      images: as for `translate`.
      source: their domain.

    Returns:
      {resolution: float32 [n, 4, 4, channels]}: the content code as 4, then 16,
      32, ... 8 is left out: the content code is its average.
    """
    self.model.check_domain(source)
    return self._in_batches(
      images,
      lambda batch: {
        size: features.numpy()
        for size, features in self._scales(batch, source).items()
      },
    )

  def source_for(self, to: str, source: str | None = None) -> str:
    """The domain to translate from, if it is given or goes without saying."""
    self.model.check_domain(to)
    if source is not None:
      return self.model.check_domain(source)
    others = [d for d in self.domains if d != to]
    if len(others) > 1:
      raise ValueError(
        f'The model has several domains to translate to {to!r} '
        f'from: {", ".join(others)}; name one as the source.'
      )
    return others[0]

  def prepare(self, images: np.ndarray) -> np.ndarray:
    """Crops and scales images to what the model takes.

    Args:
      images: as for `translate`.

    Returns:
      uint8 [n, resolution, resolution, 3].
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3:
      raise ValueError(
        f'images are {images.dtype} {list(images.shape)}; give uint8 RGB '
        '[n, height, width, 3] (a single image as images[None]).'
      )
    if images.shape[1:3] == (self.resolution, self.resolution):
      return images
    prepared: list[np.ndarray] = [
      image_arrays.square(image, self.resolution) for image in images
    ]
    return (
      np.stack(prepared)
      if prepared
      else np.zeros([0, self.resolution, self.resolution, 3], np.uint8)
    )

  def _in_batches(self, images, function, *more):
    """A function's results; it is given each batch, and that of `more`."""
    prepared = self.prepare(images)
    count = len(prepared)
    if not count:  # One image stands in, for a result of the right shape.
      prepared, *more = (
        np.zeros([1, *a.shape[1:]], a.dtype) for a in (prepared, *more)
      )
    results = [
      function(
        image_arrays.to_float(prepared[i : i + _BATCH]),
        *(array[i : i + _BATCH] for array in more),
      )
      for i in range(0, len(prepared), _BATCH)
    ]
    return tf.nest.map_structure(
      lambda *parts: np.concatenate(parts)[:count], *results
    )


def _pooled(encoding):
  """See `Translator.scales`."""
  pooled = {_CODE_SIZE: encoding.content}
  for size, features in encoding.skips.items():
    if size > 2 * _CODE_SIZE:
      window = size // _CODE_SIZE
      pooled[size] = tf.nn.avg_pool2d(features, window, window, 'VALID')
  return pooled

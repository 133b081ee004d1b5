"""Translator: a trained run or a pretrained model, ready to use.

It needs the run's `model.json` and a checkpoint, and neither gin nor data nor
an optimizer. It uses the EMA weights with the batch norm statistics that were
estimated for them, so an image's translation depends on nothing but the image.
"""

import functools
import hashlib
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tf_twingan import framing, image_arrays, shell_words
from tf_twingan.data.prepare import photos
from tf_twingan.inference import batching, controls, vectors
from tf_twingan.runs import loading

_CODE_SIZE = 4  # Side of the content code, px.


class Translator:
  """Translates images between the domains of one model.

  Several threads may use it at once. Its memory does not grow with the number
  of calls or the sizes of their batches.

  Attributes:
    domains: names of the model's domains, in order.
    model: the network, in float32, with the EMA weights.
    resolution: side of the output images, px.
    alpha: how far that resolution is faded in; 1 except during a fade-in.
    images_seen: images of each domain that the training has seen.
    framings: {domain: how images of it become squares, as in training}; may be
      changed. Without an entry, the largest square in the middle is used.
    origin: what `reopen` takes to load this model again, on this machine.
    control: how its translations are steered, unless a call says otherwise; see
      `steered`.
  """

  control: controls.Control | None = None

  def __init__(self, run_dir: str):
    """Loads a run.

    Args:
      run_dir: directory of a training, finished or not.

    Raises:
      FileNotFoundError: it holds no run, or no checkpoint yet.
      ValueError: what it holds is damaged, or generates from noise.
    """
    self.origin = os.path.abspath(run_dir)
    self._loaded = loading.load(run_dir)
    self.model = self._loaded.model
    if not self.model.translates:
      run_flag = shell_words.quote(f'--run_dir={run_dir}')
      raise ValueError(
        f'{run_dir} holds a model that generates from noise and translates '
        f'nothing: python -m tf_twingan.sample {run_flag} --count=64 '
        '--output=DIR'
      )
    self.resolution = self._loaded.resolution
    # Python numbers, so that a graph holds just what this stage runs.
    self.alpha = self._loaded.alpha
    self.images_seen = self._loaded.images_seen
    self.framings = dict(self._loaded.framings)
    self.domains: tuple[str, ...] = self.model.domains
    stage = dict(resolution=self.resolution, alpha=self.alpha)
    image = [self.resolution, self.resolution, 3]
    self._translate = batching.Traced(
      lambda images, source, target: self.model.translate(
        images, source, target, **stage
      ),
      image,
    )
    self._translate_to_styles = batching.Traced(
      lambda images, codes, source, target: self.model.translate(
        images, source, target, condition=codes, **stage
      ),
      image,
      [self.style_size],
    )
    self._mix = batching.Traced(
      lambda images, shares, source, target: self.model.translate(
        images, source, target, shares=shares[0], **stage
      ),
      image,
      [len(self.domains)],
    )
    self._mix_in_styles = batching.Traced(
      lambda images, shares, codes, source, target: self.model.translate(
        images, source, target, shares=shares[0], condition=codes, **stage
      ),
      image,
      [len(self.domains)],
      [self.style_size],
    )
    self._style = batching.Traced(
      lambda images, domain: self.model.style(images, [domain], **stage), image
    )
    self._encode = batching.Traced(
      lambda images, source: (
        self.model.encode(images, [source], **stage).content
      ),
      image,
    )
    self._scales = batching.Traced(
      lambda images, source: _pooled(
        self.model.encode(images, [source], **stage)
      ),
      image,
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

  def __reduce__(self) -> tuple[Any, ...]:
    """Is pickled by its origin, for other processes of this machine.

    Where the run was trained on meanwhile, unpickling raises ValueError.
    """
    return _reopen_equal, (
      self.origin,
      self.fingerprint,
      self.framings,
      self.control,
    )

  @functools.cached_property
  def fingerprint(self) -> str:
    """Names this very model, 64 hex digits: equal only for equal weights.

    Embeddings of two models with different fingerprints do not compare. A
    training changes it with every checkpoint.
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
    loading.save(self._loaded, folder)

  def translate(
    self,
    images: np.ndarray,
    to: str,
    source: str | None = None,
    *,
    style: np.ndarray | None = None,
    control: controls.Control | None = None,
  ) -> np.ndarray:
    """Translates images to another domain.

    Args:
      images: uint8 RGB [n, height, width, 3] of any size; see `prepare`.
      to: name of the domain to translate to.
      source: name of the domain that the images belong to; may be left out if
        the model has two.
      style: style code of the output, from `style` or `random_styles`: float
        [style_size], the same for all images, or [n, style_size], one for each.
        Only its direction counts. None takes the mean style of the target
        domain's training images; where `to` is the images' own domain, the
        style of each image itself.
      control: how far to go, and to which mixture of domains; `to` then still
        names the domain that the images would be translated to without it. None
        for that of the translator. A strength of 1 gives the plain translation
        to the bit, one of 0 that to the images' own domain.

    Returns:
      uint8 RGB [n, resolution, resolution, 3].

    Raises:
      FloatingPointError: the network gives NaN, as its training diverged.
      ValueError: there is no such domain, `images` or `style` is no such array,
        the model has no style codes, or its domains cannot be mixed.
    """
    source = self.source_for(to, source)
    images = self.prepare(images, source)
    control = self.control if control is None else control
    if control is not None:
      shares = control.shares(self.domains, source, to)
      to = max(shares, key=shares.__getitem__)
      if shares[to] < 1:
        return self._translate_mixed(images, to, source, shares, style)
    if style is None:
      return self._apply(
        lambda batch: image_arrays.to_uint8(self._translate(batch, source, to)),
        images,
      )
    return self._apply(
      lambda batch, codes: image_arrays.to_uint8(
        self._translate_to_styles(batch, codes, source, to)
      ),
      images,
      self._one_style_for_each(style, len(images)),
    )

  def translate_floats(
    self, images: np.ndarray, to: str, source: str
  ) -> np.ndarray:
    """Translates squares of numbers, without rounding.

    Args:
      images: float32 RGB [n, resolution, resolution, 3] in [-1, 1].
      to: see `translate`.
      source: see `translate`.

    Returns:
      float32 RGB [n, resolution, resolution, 3] in [-1, 1].

    Raises:
      FloatingPointError: see `translate`.
      ValueError: there is no such domain.
    """
    source = self.source_for(to, source)
    return batching.apply(
      lambda batch: np.clip(self._translate(batch, source, to), -1, 1), images
    )

  takes_floats = True  # Files of a bundle may not.

  def steered(self, control: controls.Control) -> 'Translator':
    """The same model, whose translations are steered if nothing else is said.

    Args:
      control: how.

    Returns:
      Another Translator with the same network, which is not loaded again.

    Raises:
      ValueError: the model has no such domain.
    """
    control.shares(self.domains, self.domains[0], self.domains[-1])
    # `copy` would load it again, as unpickling does.
    other = object.__new__(type(self))
    other.__dict__.update(self.__dict__)
    other.framings, other.control = dict(self.framings), control
    return other

  def _translate_mixed(
    self,
    images: np.ndarray,
    to: str,
    source: str,
    shares: Mapping[str, float],
    style: np.ndarray | None,
  ) -> np.ndarray:
    """Translations of prepared images to a mixture of domains."""
    row = np.array([list(shares.values())], np.float32)
    if style is None:
      return self._apply(
        lambda batch: image_arrays.to_uint8(self._mix(batch, row, source, to)),
        images,
      )
    return self._apply(
      lambda batch, codes: image_arrays.to_uint8(
        self._mix_in_styles(batch, row, codes, source, to)
      ),
      images,
      self._one_style_for_each(style, len(images)),
    )

  def _one_style_for_each(self, style: np.ndarray, count: int) -> np.ndarray:
    """Style codes as float32 [count, style_size]."""
    size = self._check_style_size()
    codes = vectors.as_floats(style, 'style')
    if codes.shape not in ((size,), (count, size)):
      raise ValueError(
        f'style is {list(codes.shape)}; give [{size}] for all images or '
        f'[{count}, {size}], one for each.'
      )
    if not (np.isfinite(codes).all() and codes.any(axis=-1).all()):
      raise ValueError(
        'style holds a code that is zero or not finite and so has no '
        'direction; take codes of `style` or `random_styles`.'
      )
    return np.broadcast_to(codes, [count, size])

  def _check_style_size(self) -> int:
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
    """Style codes of images, to give their style to other images.

    Args:
      images: uint8 RGB [n, height, width, 3] of any size.
      domain: name of the domain that the images belong to; the codes hold for
        translations to that domain.

    Returns:
      float32 [n, style_size], the mean square of each 1.

    Raises:
      ValueError: there is no such domain, or the model has no style codes.
    """
    self._check_style_size()
    self.model.check_domain(domain)
    return self._apply(
      lambda batch: self._style(batch, domain), self.prepare(images, domain)
    )

  def random_styles(self, count: int, seed: int) -> np.ndarray:
    """Random style codes, distributed as in training.

    Args:
      count: number of codes.
      seed: the same seed gives the same codes, and the first ones are alike
        for any count.

    Returns:
      float32 [count, style_size], the mean square of each 1.

    Raises:
      ValueError: the model has no style codes, or a number is negative.
    """
    codes = vectors.standard_normal(count, self._check_style_size(), seed)
    return codes / np.sqrt(np.mean(codes**2, axis=1, keepdims=True))

  @property
  def has_codes(self) -> bool:
    """Whether the model has a content code, for `encode` and `scales`."""
    return self.model.has_codes

  def supports(self, source: str, to: str) -> bool:
    """Whether the model is meant to translate from `source` to `to`.

    All models translate between any two of their domains, and most also
    reconstruct an image within its own.

    Raises:
      ValueError: there is no such domain.
    """
    return self.model.supports(source, to)

  def check_domain(self, domain: str) -> str:
    """Returns the name, or raises ValueError naming the model's domains."""
    return self.model.check_domain(domain)

  def encode(self, images: np.ndarray, source: str) -> np.ndarray:
    """Content codes of images.

    Args:
      images: uint8 RGB [n, height, width, 3] of any size.
      source: name of the domain that the images belong to.

    Returns:
      float32 [n, 4, 4, channels].
    """
    self.model.check_domain(source)
    return self._apply(
      lambda batch: self._encode(batch, source), self.prepare(images, source)
    )

  def scales(self, images: np.ndarray, source: str) -> dict[int, np.ndarray]:
    """The encoder's features of every scale, each averaged down to 4x4.

    What two images have in common shows in the content code and, finer, in
    the features that its U-Net skips carry; `encode` gives the former whole.

    Args:
      images: uint8 RGB [n, height, width, 3] of any size.
      source: name of the domain that the images belong to.

    Returns:
      {resolution: float32 [n, 4, 4, channels]}: the content code as 4, then 16,
      32, ... 8 is left out: the content code is its average.
    """
    self.model.check_domain(source)
    return self._apply(
      lambda batch: self._scales(batch, source), self.prepare(images, source)
    )

  def source_for(self, to: str, source: str | None = None) -> str:
    """The domain to translate from.

    Args:
      to: name of the domain to translate to.
      source: name of the domain that the images belong to; None takes the
        other one of two.

    Raises:
      ValueError: there is no such domain, or the model has more than two and
        `source` is None.
    """
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

  def framing_of(self, domain: str | None = None) -> framing.Framing:
    """How images of a domain become squares.

    Args:
      domain: name of the domain; may be left out if all domains have the same
        framing.

    Raises:
      ValueError: there is no such domain, or `domain` is left out although it
        makes a difference.
    """
    if domain is not None:
      self.model.check_domain(domain)
      return self.framings.get(domain, framing.Framing())
    framings = {d: self.framing_of(d) for d in self.domains}
    if len(set(framings.values())) > 1:
      differ = len({f.preparation for f in framings.values()}) > 1
      said = [
        f'{d}: {f}' + f', {photos.describe(f.preparation)}' * differ
        for d, f in framings.items()
      ]
      raise ValueError(
        'The domains of this model were framed differently for training '
        f'({"; ".join(said)}); name the domain of the images.'
      )
    return framings[self.domains[0]]

  def read(
    self, path: str | os.PathLike, domain: str | None = None
  ) -> np.ndarray:
    """Reads an image file, cropped and scaled to what the model takes.

    If the model was trained on prepared photos, this one is prepared likewise:
    its largest face is found and aligned.

    Args:
      path: an image of any size and common format.
      domain: name of the domain that the image belongs to; see `framing_of`.

    Returns:
      uint8 RGB [resolution, resolution, 3].

    Raises:
      UnreadableImage: it is no readable image, or has no face where one is
        needed; `image_io.MissingImage`, which is a FileNotFoundError, too, if
        there is no such file.
      MissingPackage: photos are prepared for this model, and the extra for it
        is not installed.
    """
    return photos.read(path, self.framing_of(domain), self.resolution)

  def prepare(
    self, images: np.ndarray, domain: str | None = None
  ) -> np.ndarray:
    """Crops and scales images to what the model takes.

    Args:
      images: uint8 RGB [n, height, width, 3] of any size. Those of the model's
        resolution pass as they are; others are framed as the training's were:
        by default, the largest square in the middle is used. No face is looked
        for, so these must be prepared where the training's were; `read` does.
      domain: name of the domain that they belong to; see `framing_of`.

    Returns:
      uint8 [n, resolution, resolution, 3].

    Raises:
      ValueError: `images` is no such array.
    """
    images = image_arrays.check_images(images)
    if images.shape[1:3] == (self.resolution, self.resolution):
      return images
    return self.framing_of(domain).squares(images, self.resolution)

  def _apply(
    self, function: Callable[..., Any], images: np.ndarray, *more: np.ndarray
  ) -> Any:
    """Results of a function of prepared images, in batches, as floats."""
    return batching.apply(
      lambda batch, *rest: function(image_arrays.to_float(batch), *rest),
      images,
      *more,
    )


def _reopen_equal(
  origin: str,
  fingerprint: str,
  framings: dict[str, framing.Framing],
  control: controls.Control | None = None,
) -> Translator:
  """Loads a model again, and refuses another one."""
  translator = Translator.reopen(origin)
  if translator.fingerprint != fingerprint:
    raise ValueError(
      f'{origin} holds other weights than the Translator that was pickled, as '
      'it was trained on since; open it anew by Translator(...).'
    )
  translator.framings, translator.control = framings, control
  return translator


def _pooled(encoding: Any) -> dict[int, tf.Tensor]:
  """The features that `Translator.scales` returns."""
  pooled = {_CODE_SIZE: encoding.content}
  for size, features in encoding.skips.items():
    if size > 2 * _CODE_SIZE:
      window = size // _CODE_SIZE
      pooled[size] = tf.nn.avg_pool2d(features, window, window, 'VALID')
  return pooled

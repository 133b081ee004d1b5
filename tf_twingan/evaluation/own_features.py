"""Features of a small network that learns the target domain itself.

FID and its kin look through a network that was trained on a million
photographs. Where that network is not at hand, or the images are drawings,
this one stands in: it is trained within seconds on real images of the target
domain, to tell intact ones from damaged ones and to redraw the intact image
small. What it takes notice of is therefore what images of the domain differ
in, and what faults change. The damages are those of poor generators: blur,
noise, parts in the wrong place, two images in one.

Figures with these features compare within one evaluation, and with others of
the same training images and resolution. They are no published FID.

The two tasks follow Noroozi and Favaro (2016, "Unsupervised Learning of Visual
Representations by Solving Jigsaw Puzzles") and Vincent et al. (2008,
"Extracting and Composing Robust Features with Denoising Autoencoders").
"""

import keras
import numpy as np
import tensorflow as tf

from tf_twingan.evaluation import small_network

SIZE = 64  # Of the features.
_REDRAWN = 16  # px
_STEPS = 800
_EPOCHS = 40  # At most: few images are soon learned by heart.
_LEAST_DEVIATION = 0.1  # Values lie between -1 and 1.
_REDRAW_WEIGHT = 10.0
_TILES = 4  # A side.


class OwnFeatures:
  """Features of 64 values, most of variance 1 over the training images.

  Args:
    training: uint8 [m, resolution, resolution, 3], real ones.
    seed: of weights and draws.
  """

  def __init__(self, training: np.ndarray, *, seed: int = 0):
    images = small_network.prepare(training)
    self._model = _trained(images, seed)
    codes = small_network.apply(self._model, training)['code']
    self._mean, deviation = codes.mean(axis=0), codes.std(axis=0)
    # A value that hardly changes says little, and must not be blown up.
    self._scale = 1 / np.maximum(deviation, _LEAST_DEVIATION)

  def __call__(self, images: np.ndarray) -> np.ndarray:
    """Features of uint8 images [n, ...], float64 [n, 64]."""
    codes = small_network.apply(self._model, images)['code']
    return (codes.astype(np.float64) - self._mean) * self._scale


def _trained(images: np.ndarray, seed: int) -> keras.Model:
  small = min(_REDRAWN, images.shape[1])
  model = small_network.build(
    images.shape[1],
    {'damage': len(_DAMAGES), 'redrawn': small * small * 3},
    code=SIZE,
    # Cubes of stray large values would rule a kernel distance.
    activation='tanh',
    seed=seed,
  )
  factor = images.shape[1] // small

  def batch(rng, places):
    intact = images[places]
    kinds = rng.integers(len(_DAMAGES), size=len(places))
    shown = intact.copy()
    # Some damage is slight, or only what is plain would be learned.
    strength = rng.uniform(0.3, 1.0, [len(places), 1, 1, 1])
    for kind, damage in enumerate(_DAMAGES):
      hit = kinds == kind
      if damage and hit.any():
        part = intact[hit]
        other = images[rng.integers(len(images), size=len(part))]
        damaged = damage(rng, part, other)
        shown[hit] = part + strength[hit] * (damaged - part)
    return {
      'images': shown.astype(np.float32),
      'kinds': kinds,
      'intact': _boxes(intact, factor).reshape(len(places), -1),
    }

  def loss(outputs, given):
    damage = tf.nn.sparse_softmax_cross_entropy_with_logits(
      given['kinds'], outputs['damage']
    )
    redrawn = tf.square(outputs['redrawn'] - given['intact'])
    return tf.reduce_mean(damage) + _REDRAW_WEIGHT * tf.reduce_mean(redrawn)

  small_network.fit(
    model,
    batch,
    loss,
    count=len(images),
    steps=_STEPS,
    epochs=_EPOCHS,
    seed=seed,
  )
  return model


def _boxes(images, factor):
  count, size, _, channels = images.shape
  shape = [count, size // factor, factor, size // factor, factor, channels]
  return images.reshape(shape).mean(axis=(2, 4))


def _blurred(rng, images, other):
  del other
  factor = int(rng.choice([2, 4])) if images.shape[1] > 4 else 2
  return _boxes(images, factor).repeat(factor, 1).repeat(factor, 2)


def _noisy(rng, images, other):
  del other
  return np.clip(images + rng.normal(0, 0.3, images.shape), -1, 1)


def _misplaced(rng, images, other):
  """Two of the sixteen tiles of each image change places."""
  del other
  tile = images.shape[1] // _TILES
  changed = images.copy()
  for i in range(len(images)):
    a, b = (
      (slice(r * tile, (r + 1) * tile), slice(c * tile, (c + 1) * tile))
      for r, c in (
        divmod(int(p), _TILES) for p in rng.choice(_TILES**2, 2, replace=False)
      )
    )
    changed[i][a], changed[i][b] = images[i][b], images[i][a]
  return changed


def _ghosted(rng, images, other):
  del rng
  return (images + other) / 2


def _pieced(rng, images, other):
  """One half is another image's."""
  half = images.shape[1] // 2
  changed = images.copy()
  if rng.random() < 0.5:
    changed[:, :half] = other[:, :half]
  else:
    changed[:, :, :half] = other[:, :, :half]
  return changed


_DAMAGES = (None, _blurred, _noisy, _misplaced, _ghosted, _pieced)

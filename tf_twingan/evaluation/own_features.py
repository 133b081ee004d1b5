"""Features of a small network that is trained on the target domain.

FID and similar metrics use a network that was trained on a million photographs.
Where that network is not available, or the images are drawings, this one takes
its place: it is trained within seconds on real images of the target domain, to
classify damages and to reconstruct the intact image at a low resolution. So its
features represent how images of the domain differ, and what damages change. The
damages are those of poor generators: blur, noise, misplaced parts, a blend of
two images.

Figures with these features can be compared within one evaluation, and with
others of the same training images and resolution, but not with published FID.

The two tasks follow Noroozi and Favaro (2016, "Unsupervised Learning of Visual
Representations by Solving Jigsaw Puzzles") and Vincent et al. (2008,
"Extracting and Composing Robust Features with Denoising Autoencoders").
"""

import keras
import numpy as np
import tensorflow as tf

from tf_twingan.evaluation import small_network

SIZE = 64  # Number of features.
_RECONSTRUCTION_SIZE = 16  # px
_STEPS = 800
_EPOCHS = 40  # At most: a few images are soon overfitted.
_LEAST_DEVIATION = 0.1  # Values lie between -1 and 1.
_WEIGHT = 10.0  # Of the reconstruction.
_TILES = 4  # On each side.


class OwnFeatures:
  """Features of 64 values, most of variance 1 over the training images.

  Args:
    training: real images, uint8 [m, resolution, resolution, 3].
    seed: seed of the initial weights, the batches and the damages.
  """

  def __init__(self, training: np.ndarray, *, seed: int = 0):
    images = small_network.prepare(training)
    self._model = _train(images, seed)
    codes = small_network.apply(self._model, training)['code']
    self._mean, deviation = codes.mean(axis=0), codes.std(axis=0)
    # A value that hardly changes is not informative, and must not be enlarged.
    self._scale = 1 / np.maximum(deviation, _LEAST_DEVIATION)

  def __call__(self, images: np.ndarray) -> np.ndarray:
    """Features of uint8 images [n, ...], float64 [n, 64]."""
    codes = small_network.apply(self._model, images)['code']
    return (codes.astype(np.float64) - self._mean) * self._scale


def _train(images: np.ndarray, seed: int) -> keras.Model:
  small = min(_RECONSTRUCTION_SIZE, images.shape[1])
  model = small_network.build(
    images.shape[1],
    {'damage': len(_DAMAGES), 'reconstruction': small * small * 3},
    code=SIZE,
    # Cubes of single large values would dominate a kernel distance.
    activation='tanh',
    seed=seed,
  )
  factor = images.shape[1] // small

  def make_batch(rng, indices):
    intact = images[indices]
    kinds = rng.integers(len(_DAMAGES), size=len(indices))
    inputs = intact.copy()
    # Some damage is slight, or only obvious damage would be learned.
    strength = rng.uniform(0.3, 1.0, [len(indices), 1, 1, 1])
    for kind, damage in enumerate(_DAMAGES):
      selected = kinds == kind
      if damage and selected.any():
        part = intact[selected]
        other = images[rng.integers(len(images), size=len(part))]
        damaged = damage(rng, part, other)
        inputs[selected] = part + strength[selected] * (damaged - part)
    return {
      'images': inputs.astype(np.float32),
      'kinds': kinds,
      'intact': _boxes(intact, factor).reshape(len(indices), -1),
    }

  def loss(outputs, batch):
    damage = tf.nn.sparse_softmax_cross_entropy_with_logits(
      batch['kinds'], outputs['damage']
    )
    errors = tf.square(outputs['reconstruction'] - batch['intact'])
    return tf.reduce_mean(damage) + _WEIGHT * tf.reduce_mean(errors)

  small_network.fit(
    model,
    make_batch,
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
  """Two of the sixteen tiles of each image are swapped."""
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
  """One half is from another image."""
  half = images.shape[1] // 2
  changed = images.copy()
  if rng.random() < 0.5:
    changed[:, :half] = other[:, :half]
  else:
    changed[:, :, :half] = other[:, :, :half]
  return changed


_DAMAGES = (None, _blurred, _noisy, _misplaced, _ghosted, _pieced)

"""Sampler: a trained run that draws from noise, ready to use.

Like `inference.Translator` it needs the run's `model.json` and a checkpoint,
and uses the averaged weights.
"""

import numpy as np
import tensorflow as tf

from tf_twingan import image_arrays
from tf_twingan.runs import loading

_BATCH = 32


class Sampler:
  """Draws images of a model's domains from noise.

  Attributes:
    domains: their names, in order.
    latent_size: of the vectors that it draws from.
    resolution: side of the images, px.
    images_seen: of each domain, in training.
  """

  def __init__(self, run_dir: str):
    """Loads a run.

    Args:
      run_dir: the directory of a training, finished or not.

    Raises:
      FileNotFoundError: it holds no run, or no checkpoint yet.
      ValueError: what it holds is damaged, or translates images.
    """
    loaded = loading.load(run_dir)
    if loaded.model.translates:
      raise ValueError(
        f'{run_dir} holds a model that translates images and draws nothing '
        f'from noise: python -m tf_twingan.translate --run_dir={run_dir} '
        '--input=DIR_OR_FILE --output=DIR --to=DOMAIN'
      )
    self._model = loaded.model
    self.domains: tuple[str, ...] = loaded.model.domains
    self.latent_size: int = loaded.model.latent_size
    self.resolution = loaded.resolution
    self.images_seen = loaded.images_seen
    self._generate = tf.function(
      lambda latents, domain: self._model.generate(
        latents, [domain], resolution=loaded.resolution, alpha=loaded.alpha
      ),
      autograph=False,
    )

  def noise(self, count: int, seed: int = 0) -> np.ndarray:
    """Latent vectors; the first of many are the same as few.

    Args:
      count: how many.
      seed: the same gives the same ones.

    Returns:
      float32 [count, latent_size].
    """
    generator = np.random.default_rng(seed)
    return generator.standard_normal([count, self.latent_size], np.float32)

  def draw(self, latents: np.ndarray, domain: str | None = None) -> np.ndarray:
    """Draws images; those of one vector in two domains belong together.

    Args:
      latents: float32 [n, latent_size], of `noise` or between such ones.
      domain: what to draw; may be left out if the model has one.

    Returns:
      uint8 RGB [n, resolution, resolution, 3].

    Raises:
      ValueError: no such domain, or `latents` is no such array.
    """
    if domain is None:
      if len(self.domains) > 1:
        raise ValueError(
          f'The model draws {", ".join(self.domains)}; name one of them.'
        )
      domain = self.domains[0]
    self._model.check_domain(domain)
    latents = np.asarray(latents, np.float32)
    if latents.ndim != 2 or latents.shape[1] != self.latent_size:
      raise ValueError(
        f'latents are {list(latents.shape)}; give [n, {self.latent_size}], '
        'as `noise` does.'
      )
    parts = [
      image_arrays.to_uint8(
        self._generate(latents[i : i + _BATCH], domain).numpy()
      )
      for i in range(0, len(latents), _BATCH)
    ]
    none = np.zeros([0, self.resolution, self.resolution, 3], np.uint8)
    return np.concatenate([none, *parts])


def between(first: np.ndarray, last: np.ndarray, count: int) -> np.ndarray:
  """Vectors on the way from one to another, both included.

  Each is brought back to the length of noise: in the middle of a straight way
  it would be shorter than noise ever is (White, "Sampling Generative
  Networks", 2016, section 2.1).

  Args:
    first: float32 [latent_size].
    last: likewise.
    count: 2 or more.

  Returns:
    float32 [count, latent_size], as long as noise is on average.
  """
  first, last = (v / np.linalg.norm(v) for v in (first, last))
  shares = np.linspace(0.0, 1.0, count, dtype=np.float32)[:, None]
  mixed = (1 - shares) * first + shares * last
  length = np.linalg.norm(mixed, axis=1, keepdims=True)
  return mixed * (np.sqrt(mixed.shape[1]) / length)

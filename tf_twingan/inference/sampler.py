"""Sampler: a trained run that generates images from noise, ready to use.

Like `Translator` it needs the run's `model.json` and a checkpoint, and uses the
EMA weights.
"""

import numpy as np

from tf_twingan import image_arrays, shell_words
from tf_twingan.inference import batching, vectors
from tf_twingan.runs import loading


class Sampler:
  """Generates images of a model's domains from noise.

  Attributes:
    domains: names of the model's domains, in order.
    latent_size: length of the latent vectors that images are generated from.
    resolution: side of the output images, px.
    images_seen: images of each domain that the training has seen.
  """

  def __init__(self, run_dir: str):
    """Loads a run.

    Args:
      run_dir: directory of a training, finished or not.

    Raises:
      FileNotFoundError: it holds no run, or no checkpoint yet.
      ValueError: what it holds is damaged, or translates images.
    """
    loaded = loading.load(run_dir)
    if loaded.model.translates:
      run_flag = shell_words.quote(f'--run_dir={run_dir}')
      raise ValueError(
        f'{run_dir} holds a model that translates images and generates nothing '
        f'from noise: python -m tf_twingan.translate {run_flag} '
        '--input=DIR_OR_FILE --output=DIR --to=DOMAIN'
      )
    self._model = loaded.model
    self.domains: tuple[str, ...] = loaded.model.domains
    self.latent_size: int = loaded.model.latent_size
    self.resolution = loaded.resolution
    self.images_seen = loaded.images_seen
    self._generate = batching.Traced(
      lambda latents, domain: self._model.generate(
        latents, [domain], resolution=loaded.resolution, alpha=loaded.alpha
      ),
      [self.latent_size],
    )

  def noise(self, count: int, seed: int = 0) -> np.ndarray:
    """Random latent vectors; the first of many are the same as few.

    Args:
      count: number of vectors.
      seed: the same seed gives the same vectors.

    Returns:
      float32 [count, latent_size].

    Raises:
      ValueError: a number is negative.
    """
    return vectors.standard_normal(count, self.latent_size, seed)

  def check_domain(self, domain: str) -> str:
    """Returns the name, or raises ValueError naming the model's domains."""
    return self._model.check_domain(domain)

  def generate(
    self, latents: np.ndarray, domain: str | None = None
  ) -> np.ndarray:
    """Generates images; one vector in two domains gives a matching pair.

    Args:
      latents: float32 [n, latent_size], from `noise` or interpolated between
        such vectors.
      domain: name of the domain; may be left out if the model has one.

    Returns:
      uint8 RGB [n, resolution, resolution, 3].

    Raises:
      FloatingPointError: the network gives NaN, as its training diverged.
      ValueError: there is no such domain, or `latents` is no such array.
    """
    if domain is None:
      if len(self.domains) > 1:
        raise ValueError(
          f'The model generates {", ".join(self.domains)}; name one of them.'
        )
      domain = self.domains[0]
    self.check_domain(domain)
    latents = vectors.as_floats(latents, 'latents')
    if latents.size and not np.isfinite(latents).all():
      raise ValueError(
        'latents hold NaN or infinite values; take those of `noise`, or '
        'between them.'
      )
    if latents.ndim != 2 or latents.shape[1] != self.latent_size:
      raise ValueError(
        f'latents are {list(latents.shape)}; give [n, {self.latent_size}], '
        'as `noise` does.'
      )
    return batching.apply(
      lambda batch: image_arrays.to_uint8(self._generate(batch, domain)),
      latents,
    )

  # The name of `generate` in version 0.1.0.
  draw = generate


def interpolate(first: np.ndarray, last: np.ndarray, count: int) -> np.ndarray:
  """Latent vectors from one to another, both included.

  Each is brought back to the length of noise: in the middle of a straight line
  it would be shorter than noise ever is (White, "Sampling Generative
  Networks", 2016, section 2.1).

  Args:
    first: latent vector to start from, float32 [latent_size].
    last: latent vector to end at, float32 [latent_size].
    count: number of vectors, 2 or more.

  Returns:
    float32 [count, latent_size], as long as noise is on average.

  Raises:
    ValueError: the vectors are not two of one length other than 0, or `count`
      is less than 2.
  """
  first, last = np.asarray(first, np.float32), np.asarray(last, np.float32)
  if first.ndim != 1 or first.shape != last.shape:
    raise ValueError(
      f'latent vectors are {list(first.shape)} and {list(last.shape)}; give '
      'two of one length, [latent_size].'
    )
  if not (first.any() and last.any()):
    raise ValueError('a latent vector is zero; give vectors of `noise`.')
  if count < 2:
    raise ValueError(f'count is {count}; give 2 or more, as both ends count.')
  first, last = (v / np.linalg.norm(v) for v in (first, last))
  shares = np.linspace(0.0, 1.0, count, dtype=np.float32)[:, None]
  mixed = (1 - shares) * first + shares * last
  length = np.linalg.norm(mixed, axis=1, keepdims=True)
  return mixed * (np.sqrt(mixed.shape[1]) / length)

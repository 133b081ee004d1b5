"""A cheap subset of the scores, taken while a run trains.

On held-out images, each domain translated to the next, at the resolution
of the stage: is it good, is it getting better, which checkpoint is best?
`evaluate` says much more, once a run is done. Of a model that draws from noise,
as many images of each domain are drawn, of the same noise each time; only
their distance to training images says something then.

  score/recall          the own counterpart is the nearest, where known
  score/swd             sliced Wasserstein distance to training images x 1000
  score/reconstruction  mean error, 0 to 255, of images redrawn as they are,
                        of models that redraw
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tf_twingan import image_arrays
from tf_twingan.metrics import fidelity, nearest_counterpart, sliced_wasserstein

# Whether more of it is better.
BETTER = {'recall': True, 'swd': False, 'reconstruction': False}
_PREFIX = 'score'
# A quarter of what the metric takes by itself, for a fraction of a second.
_PATCHES = 32
_DIRECTIONS = 128
_NOISE = (0, 1)  # The seed of what models draw from that draw from noise.


class ValidationScorer:
  """Scores a model by the same images each time."""

  def __init__(
    self,
    held_out: Mapping[str, np.ndarray],
    training: Mapping[str, np.ndarray],
    *,
    answers: bool,
  ):
    """Takes the images.

    Args:
      held_out: {domain: uint8 [n, resolution, resolution, 3]}, equally many.
      training: {domain: [n or more, ...]}: what it was trained on.
      answers: row i of every domain shows the same character.
    """
    self._held_out = dict(held_out)
    self._training = {
      d: training[d][: len(p)] for d, p in self._held_out.items()
    }
    self._answers = answers

  def check(self, name: str, resolution: int, model: Any) -> None:
    """Raises unless there is a score of this name at the last resolution.

    Args:
      name: of the score.
      resolution: the last one.
      model: what is to be scored.

    Raises:
      ValueError: there is none; says which there are.
    """
    names = list(BETTER)
    if not (self._answers and model.translates):
      names.remove('recall')
    if resolution < sliced_wasserstein.COARSEST:
      names.remove('swd')
    if not _redrawn(model):
      names.remove('reconstruction')
    if not names:
      raise ValueError(
        f'Of a model that draws from noise, nothing is scored at {resolution} '
        f'px; train to {sliced_wasserstein.COARSEST} px or more.'
      )
    if name not in names and not model.translates:
      raise ValueError(
        f'train.best_by is {name!r}, which compares an image with its source, '
        f'but the model draws from noise; set it to {names[0]!r}.'
      )
    if name not in names:
      raise ValueError(
        f'train.best_by is {name!r}; of these images, at {resolution} px, '
        f'choose one of {", ".join(names)}.'
      )

  def score(self, model: Any, *, resolution: int, alpha: float) -> dict:
    """Scores the model.

    Args:
      model: see `models.architectures.Model`; with moving statistics.
      resolution: of the stage.
      alpha: how far it is faded in.

    Returns:
      {'score/NAME/TARGET': value, 'score/NAME': mean}: of each target domain
      and the mean of all; for 'reconstruction' of each domain that the model
      redraws. Without 'swd' below 16 px, and without 'recall' if the answers
      are unknown.
    """
    domains = list(model.domains)
    small = {
      d: image_arrays.downsample(p, resolution)
      for d, p in self._held_out.items()
    }

    def drawn(source, target):
      stage = dict(resolution=resolution, alpha=alpha)
      if model.translates:
        images = image_arrays.to_float(small[source])
        results = model.translate(images, source, target, **stage)
      else:
        latents = model.noise(len(small[target]), _NOISE)
        results = model.generate(latents, [target], **stage)
      return image_arrays.to_uint8(np.asarray(results))

    values: dict[str, dict[str, float]] = {name: {} for name in BETTER}
    for index, target in enumerate(domains):
      translated = drawn(domains[index - 1], target)
      if self._answers and model.translates:
        values['recall'][target] = nearest_counterpart.recall(
          translated, small[target]
        )
      if resolution >= sliced_wasserstein.COARSEST:
        real = self._training[target]
        count = min(len(real), len(translated))
        levels = sliced_wasserstein.distance(
          real=image_arrays.downsample(real[:count], resolution),
          fake=translated[:count],
          patches=_PATCHES,
          directions=_DIRECTIONS,
        )
        values['swd'][target] = float(np.mean(list(levels.values())))
    for domain in _redrawn(model):
      values['reconstruction'][domain] = float(
        fidelity.l1(drawn(domain, domain), small[domain]).mean()
      )
    flat = {}
    for name, by_domain in values.items():
      if by_domain:
        flat[key(name)] = float(np.mean(list(by_domain.values())))
        for domain, value in by_domain.items():
          flat[f'{key(name)}/{domain}'] = value
    return flat


def _redrawn(model):
  if not model.translates:
    return []
  return [domain for domain in model.domains if model.supports(domain, domain)]


def key(name: str) -> str:
  """What a score is called among the metrics of a run."""
  return f'{_PREFIX}/{name}'

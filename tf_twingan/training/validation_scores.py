"""Scores on held-out images while training: recall, SWD, reconstruction.

They are cheap, and taken at the resolution of the stage, each domain translated
to the next: is the model good, is it getting better, which checkpoint is best?
`evaluate` says much more, once a run is done. A model that generates from noise
makes as many images of each domain, of the same noise each time; only their
distance to training images says something then.

  score/recall          share of translations whose ground truth is the nearest
                        held-out image, where the ground truth is known
  score/swd             sliced Wasserstein distance to training images x 1000
  score/reconstruction  mean error, 0 to 255, of images translated to their own
                        domain, of models that do that
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tf_twingan import files, image_arrays
from tf_twingan.metrics import fidelity, nearest_counterpart, sliced_wasserstein

# Whether more of it is better.
HIGHER_IS_BETTER = {'recall': True, 'swd': False, 'reconstruction': False}
_PREFIX = 'score'
# A quarter of what the metric takes by itself, for a fraction of a second.
_PATCHES = 32
_DIRECTIONS = 128
_NOISE_SEED = (0, 1)


class ValidationScorer:
  """Scores a model by the same images each time."""

  def __init__(
    self,
    held_out: Mapping[str, np.ndarray],
    training: Mapping[str, np.ndarray],
    *,
    has_ground_truth: bool,
  ):
    """Stores the images.

    Args:
      held_out: {domain: uint8 [n, resolution, resolution, 3]}, equally many.
      training: {domain: [n or more, ...]}, the images trained on.
      has_ground_truth: row i of every domain shows the same character.
    """
    self._held_out = dict(held_out)
    self._training = {
      d: training[d][: len(p)] for d, p in self._held_out.items()
    }
    self._has_ground_truth = has_ground_truth

  @property
  def fingerprint(self) -> str:
    """A checksum of the images; scores of others do not compare."""
    return files.sha256(
      ''.join(
        f'{domain} {images.shape} {files.sha256(images.tobytes())}\n'
        for part in (self._held_out, self._training)
        for domain, images in part.items()
      )
    )

  def check(self, name: str, resolution: int, model: Any) -> None:
    """Raises unless there is a score of this name at the last resolution.

    Args:
      name: name of the score.
      resolution: resolution of the last stage, px.
      model: the model to be scored.

    Raises:
      ValueError: there is no such score; lists those that there are.
    """
    names = list(HIGHER_IS_BETTER)
    if not (self._has_ground_truth and model.translates):
      names.remove('recall')
    if resolution < sliced_wasserstein.COARSEST:
      names.remove('swd')
    if not _reconstructed_domains(model):
      names.remove('reconstruction')
    if not names:
      raise ValueError(
        'Of a model that generates from noise, nothing is scored at '
        f'{resolution} px; train to {sliced_wasserstein.COARSEST} px or more.'
      )
    if name not in names and not model.translates:
      raise ValueError(
        f'train.best_by is {name!r}, which compares an image with its source, '
        f'but the model generates from noise; set it to {names[0]!r}.'
      )
    if name not in names:
      raise ValueError(
        f'train.best_by is {name!r}; of these images, at {resolution} px, '
        f'choose one of {", ".join(names)}.'
      )

  def score(self, model: Any, *, resolution: int, alpha: float) -> dict:
    """Scores the model.

    Args:
      model: a model with batch norm statistics, see `models.registry.Model`.
      resolution: resolution of the stage, px.
      alpha: how far the stage is faded in, in [0, 1].

    Returns:
      {'score/NAME/TARGET': value, 'score/NAME': mean}: of each target domain
      and the mean of all; for 'reconstruction' of each domain that the model
      reconstructs. Without 'swd' below 16 px, and without 'recall' if there is
      no ground truth.
    """
    domains = list(model.domains)
    held_out = {
      d: image_arrays.downsample(p, resolution)
      for d, p in self._held_out.items()
    }

    def outputs(source, target):
      stage = dict(resolution=resolution, alpha=alpha)
      if model.translates:
        images = image_arrays.to_float(held_out[source])
        results = model.translate(images, source, target, **stage)
      else:
        latents = model.noise(len(held_out[target]), _NOISE_SEED)
        results = model.generate(latents, [target], **stage)
      return image_arrays.to_uint8(np.asarray(results))

    values: dict[str, dict[str, float]] = {
      name: {} for name in HIGHER_IS_BETTER
    }
    for index, target in enumerate(domains):
      translated = outputs(domains[index - 1], target)
      if self._has_ground_truth and model.translates:
        values['recall'][target] = nearest_counterpart.recall(
          translated, held_out[target]
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
    for domain in _reconstructed_domains(model):
      values['reconstruction'][domain] = float(
        fidelity.l1(outputs(domain, domain), held_out[domain]).mean()
      )
    metrics = {}
    for name, by_domain in values.items():
      if by_domain:
        metrics[metric_name(name)] = float(np.mean(list(by_domain.values())))
        for domain, value in by_domain.items():
          metrics[f'{metric_name(name)}/{domain}'] = value
    return metrics


def metric_name(score: str) -> str:
  """The name of a score among the metrics of a run."""
  return f'{_PREFIX}/{score}'


def _reconstructed_domains(model):
  if not model.translates:
    return []
  return [domain for domain in model.domains if model.supports(domain, domain)]

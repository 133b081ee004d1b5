"""Would a foreign input be noticed, before its translation is trusted?

A translator draws something for any input, so a score of how far an input lies
from the training images of its domain is held against inputs that are known
not to belong: images of the other domain, the domain's own upside down, and
noise. `metrics.out_of_domain` says which score and after whom; it sees features
of the evaluation's network. Half of the held-out images set the threshold
that 95 % of images of the domain stay below; the others are what the foreign
ones are told from, and their own row says how many are flagged by mistake.

The figures are of the domain and of the network that looks, not of a
translator.
"""

import numpy as np

from tf_twingan.evaluation import directions, feature_networks, feature_scores
from tf_twingan.metrics import out_of_domain

HELD_OUT = 'held out'


def score(
  direction: directions.Direction,
  network: feature_networks.FeatureNetwork,
  *,
  seed: int = 0,
) -> dict[str, dict[str, float]]:
  """Scores foreign images as inputs of the target domain.

  Args:
    direction: whose target domain the images are given for.
    network: what looks at them.
    seed: of the noise.

  Returns:
    {kind of image: {'AUROC', 'flagged', 'distance', 'threshold'}}, named by
    the network: the chance that such an image scores higher than a held-out
    one, the share beyond the threshold, the median distance and the distance
    that is the threshold. Empty if the network has too many features.
  """
  real, inside = direction.real[::2], direction.real[1::2]
  calibration = network.features(real)
  if calibration.shape[1] > feature_scores.MOST_FEATURES:
    return {}
  detector = out_of_domain.Detector(
    network.features(direction.training), calibration=calibration
  )
  rng = np.random.Generator(np.random.Philox(key=seed))
  kinds = {
    HELD_OUT: inside,
    direction.source: direction.sources,
    'upside down': np.ascontiguousarray(inside[:, ::-1]),
    'noise': rng.integers(0, 256, inside.shape, np.uint8),
  }
  distances = {
    name: detector.distances(network.features(images))
    for name, images in kinds.items()
  }
  return {
    name: network.named(
      {
        'AUROC': out_of_domain.auroc(inside=distances[HELD_OUT], outside=found),
        'flagged': float(np.mean(found > detector.unit)),
        'distance': float(np.median(found)),
        'threshold': detector.unit,
      }
    )
    for name, found in distances.items()
  }

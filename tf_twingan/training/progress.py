"""How far a training has come; a part of every checkpoint."""

import dataclasses

import tensorflow as tf

from tf_twingan.training import growth_schedule


@dataclasses.dataclass
class Progress:
  """Counters, as variables.

  Attributes:
    images_seen: images of each domain seen.
    step: number of steps done.
    resolution: resolution of the last step, px; 0 before the first.
    alpha: how far that resolution was faded in.
  """

  images_seen: tf.Variable
  step: tf.Variable
  resolution: tf.Variable
  alpha: tf.Variable

  @classmethod
  def start(cls) -> 'Progress':
    """Returns the counters of a training that has not begun."""
    images_seen, step, resolution = (
      tf.Variable(0, dtype=tf.int64, trainable=False) for _ in range(3)
    )
    return cls(images_seen, step, resolution, tf.Variable(1.0, trainable=False))

  @property
  def seen(self) -> int:
    """Images of each domain seen, as a plain number."""
    return int(self.images_seen.numpy())

  def advance(self, phase: growth_schedule.Phase, alpha: float) -> None:
    """Counts one step."""
    self.images_seen.assign_add(phase.batch_size)
    self.step.assign_add(1)
    self.resolution.assign(phase.resolution)
    self.alpha.assign(alpha)

  def state(self) -> dict[str, tf.Variable]:
    """Returns the variables by name, for a checkpoint."""
    return dict(vars(self))

"""What a training tells a function of the caller while it runs."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from tf_twingan.training.actions import Action, StepInfo


class TrainingProgress(NamedTuple):
  """How far a training has come.

  Attributes:
    images_seen: images of each domain seen; grows with every report.
    total: images of each domain in the whole schedule.
    resolution: resolution that is trained, px.
    alpha: how far that resolution is faded in, in [0, 1].
    losses: {name: mean since the report before}; `reconstruction`, say.
    scores: {name: score of held-out images}; empty except where the model was
      scored since the report before.
    images_per_second: speed.
  """

  images_seen: int
  total: int
  resolution: int
  alpha: float
  losses: Mapping[str, float]
  scores: Mapping[str, float]
  images_per_second: float


# Stops the training by returning True, or by raising an exception.
OnProgress = Callable[[TrainingProgress], Any]

_SCORE = 'score/'


class ReportProgress:
  """Calls a function with the progress, whenever losses are read.

  The function may ask to stop. The training then saves as after Ctrl-C, one
  step later.
  """

  def __init__(self, on_progress: OnProgress, total: int, losses: Action):
    """Stores its arguments.

    Args:
      on_progress: the function; stops the training by returning True, or by
        raising an exception.
      total: images of each domain in the whole schedule.
      losses: reported whenever these are read.
    """
    self._on_progress = on_progress
    self._total = total
    self._losses = losses
    self._error: BaseException | None = None
    self._asks_to_stop = False

  @property
  def asks_to_stop(self) -> bool:
    """Whether the function returned True or raised an exception."""
    return self._asks_to_stop

  def is_due(self, info: StepInfo) -> bool:
    """Whenever losses are read; never again once it was asked to stop."""
    return not self._asks_to_stop and self._losses.is_due(info)

  def run(self, info: StepInfo) -> None:
    """Calls the function, and keeps what it raises for `raise_error`."""
    scores = {n: v for n, v in info.metrics.items() if n.startswith(_SCORE)}
    report = TrainingProgress(
      images_seen=info.images_seen,
      total=self._total,
      resolution=info.phase.resolution,
      alpha=info.alpha,
      losses={n: v for n, v in info.metrics.items() if n not in scores},
      scores={n.removeprefix(_SCORE): v for n, v in scores.items()},
      images_per_second=info.speed(),
    )
    try:
      # Not what is merely true: `list.append` or `print` may be the function.
      answer = self._on_progress(report)
      self._asks_to_stop = isinstance(answer, (bool, np.bool_)) and bool(answer)
    except BaseException as error:  # KeyboardInterrupt saves, too.
      self._asks_to_stop, self._error = True, error

  def raise_error(self) -> None:
    """Raises what the function has raised, if it has."""
    if self._error is not None:
      raise self._error

"""Scores of how a translator answers to changes of its source."""

from tf_twingan.evaluation import directions, measured
from tf_twingan.metrics import turn_rate


class Scorer:
  """Sets translations against those of changed sources."""

  def measure(self, candidate: directions.Candidate) -> measured.Measured:
    """Scores one candidate."""
    if candidate.of_mirrored is None:
      return measured.Measured({'turned': None})
    turns = turn_rate.compare(
      candidate.translations, of_mirrored=candidate.of_mirrored
    )
    return measured.Measured(
      {'turned': turns.turned}, {'turned': measured.Each(turns.which)}
    )

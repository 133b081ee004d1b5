"""How many images of each domain a training has: `image_counts.json`.

A run may go on with images that were added or deleted meanwhile, and neither
its datasets' strings nor its other files tell.
"""

import json
import os
from collections.abc import Mapping

from absl import logging

from tf_twingan import files, json_files

FILE = 'image_counts.json'


def write(run_dir: str, counts: Mapping[str, int]) -> None:
  """Writes `image_counts.json`.

  Args:
    run_dir: the run directory.
    counts: {domain: number of images to train on}.

  Raises:
    OSError: it could not be written.
  """
  files.atomic_write(
    os.path.join(run_dir, FILE), json.dumps(dict(counts), indent=2) + '\n'
  )


def describe_changes(run_dir: str, counts: Mapping[str, int]) -> list[str]:
  """Says which domains have more or fewer images than a run recorded.

  Args:
    run_dir: the run directory, before it is written to.
    counts: {domain: number of images to train on}.

  Returns:
    'DOMAIN had OLD and has NEW' for each; none if the run has no record, as
    one of an older version.
  """
  path = os.path.join(run_dir, FILE)
  try:
    recorded = json_files.read(
      path, dict[str, json_files.Count], remedy='it is written anew'
    )
  except FileNotFoundError:
    return []
  except (OSError, ValueError) as error:
    logging.warning('%s', error)
    return []
  return [
    f'{domain} had {recorded[domain]:,} and has {count:,}'
    for domain, count in counts.items()
    if recorded.get(domain, count) != count
  ]

"""How each domain's images were framed in a training: `framing.json`.

It stands beside `model.json`, and says of prepared images how photos became
them. What a run of before it was written was trained on, its operative gin file
tells: images as they came, as no others could be trained on then.
"""

import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import pydantic

from tf_twingan import files, framing, json_files
from tf_twingan.data import dataset_strings
from tf_twingan.data.prepare import options
from tf_twingan.data.sources import registry

FILE = 'framing.json'


class Record(json_files.Model):
  """One domain's framing in a file; see `framing.Framing`."""

  crop: Annotated[float, pydantic.Field(gt=0, le=1)] = 1.0
  fit: Literal['crop', 'pad'] = 'crop'
  preparation: options.Options | None = None

  def to_framing(self) -> framing.Framing:
    """The framing that it tells."""
    return framing.Framing(self.crop, self.fit, self.preparation)


def to_json(framed: framing.Framing) -> dict[str, Any]:
  """What a `Record` of a framing is in a file."""
  values = framed._asdict()
  preparation = values.pop('preparation')
  if preparation is not None:
    values['preparation'] = preparation.model_dump(mode='json')
  return values


def of_datasets(datasets: Mapping[str, str]) -> dict[str, framing.Framing]:
  """The framings that dataset strings ask for, {domain: framing}.

  Raises:
    ValueError: a string is no dataset's.
  """
  return {
    domain: registry.parse(string).framing
    for domain, string in datasets.items()
  }


def write(
  run_dir: str | os.PathLike, framings: Mapping[str, framing.Framing]
) -> None:
  """Writes `framing.json`.

  Args:
    run_dir: the run directory.
    framings: {domain: framing}.

  Raises:
    OSError: it cannot be written.
  """
  values = {domain: to_json(f) for domain, f in framings.items()}
  files.atomic_write(
    os.path.join(run_dir, FILE), json.dumps(values, indent=2) + '\n'
  )


def read(
  run_dir: str | os.PathLike, domains: Sequence[str]
) -> dict[str, framing.Framing]:
  """Reads how the images of a run's domains were framed.

  Args:
    run_dir: directory of a training, or the folder of a model that ships.
    domains: names of the model's domains.

  Returns:
    {domain: framing} of every domain; the default where nothing is recorded.

  Raises:
    ValueError: `framing.json` is damaged.
  """
  path = pathlib.Path(run_dir, FILE)
  if path.exists():
    values = json_files.read(
      path,
      dict[str, Record],
      remedy='delete it and start the training command again to write it anew',
    )
    recorded = {domain: value.to_framing() for domain, value in values.items()}
  else:
    recorded = _of_operative_config(run_dir, domains)
  return {d: recorded.get(d, framing.Framing()) for d in domains}


def _of_operative_config(run_dir, domains) -> dict[str, framing.Framing]:
  recorded: dict[str, framing.Framing] = {}
  for domain, string in dataset_strings.recorded_datasets(
    run_dir, domains
  ).items():
    try:
      # Folders of whoever trained it are not opened here.
      recorded[domain] = registry.parse(string).asked_framing
    except ValueError:
      pass  # A string that was never trained on, or of another version.
  return recorded

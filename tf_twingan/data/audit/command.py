"""The work of `python -m tf_twingan.audit`: reads, measures, reports."""

import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tf_twingan import errors, extras, faces, files
from tf_twingan.data import dataset_strings
from tf_twingan.data.audit import (
  dataset_measures,
  face_choice,
  findings,
  outliers,
  page,
  record,
  repeats,
)
from tf_twingan.data.sources import base, registry

JSON, HTML = 'audit.json', 'audit.html'
_OUTLIERS = 16  # Of each dataset.


class Options(NamedTuple):
  """What the program is given.

  Attributes:
    datasets: the datasets, DATASET or DOMAIN=DATASET.
    output: the folder for the results.
    faces: a detector for all, or DOMAIN=DETECTOR of some; by default those are
      chosen that find most faces.
    limit: largest number of images of each dataset that are examined.
  """

  datasets: Sequence[str]
  output: str
  faces: Sequence[str] = ()
  limit: int = 4000


def run(options: Options) -> dict[str, Any]:
  """Audits datasets, prints the findings, writes audit.json and audit.html.

  Args:
    options: what the program is given.

  Returns:
    The content of audit.json.

  Raises:
    FileNotFoundError: a dataset is not there.
    MissingPackage: what draws the page is not installed.
    OSError: the results cannot be written.
    ValueError: anything else is wrong with a dataset or an option.
  """
  extras.check('prepare', 'jinja2', 'matplotlib')
  datasets = parse(options.datasets)
  detectors = parse_faces(options.faces, datasets)
  files.check_writable(options.output, JSON, HTML)
  originals = {label: one.originals() for label, one in datasets.items()}
  measured = []
  for label, dataset in datasets.items():
    detector = _detector(label, originals[label], detectors.get(label))
    measured.append(
      dataset_measures.measure(
        dataset,
        originals[label],
        label,
        limit=options.limit,
        detector=detector,
      )
    )
  groups = repeats.find(measured)
  found = findings.find(measured, groups)
  unusual = {one.label: outliers.find(one, _OUTLIERS) for one in measured}
  result = record.make(measured, groups, found, unusual)
  json_file, html_file = (
    pathlib.Path(options.output, name) for name in (JSON, HTML)
  )
  files.atomic_write(
    json_file,
    # NaN and infinity are not valid JSON.
    json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False) + '\n',
  )
  html = page.render(
    measured,
    found,
    groups,
    unusual,
    {label: one.read for label, one in originals.items()},
  )
  files.atomic_write(html_file, html)
  for one in measured:
    print(errors.printable(page.examined(one)))
  print(_as_text(found))
  print('\n' + errors.printable(f'{html_file}, {json_file}'))
  return result


def parse(texts: Sequence[str]) -> dict[str, base.Dataset]:
  """The datasets by what the report calls them: domain, or last part of a name.

  Raises:
    ValueError: there are none, one is no dataset, or two have one name.
  """
  if not texts:
    raise ValueError(
      'no dataset is given; type one or more, such as photo=folder:/my/photos '
      'anime=folder:/my/anime'
    )
  result: dict[str, base.Dataset] = {}
  for text in texts:
    # A path may have an equals sign.
    domain, dataset = (
      (None, text) if os.path.exists(text) else dataset_strings.split_flag(text)
    )
    parsed = registry.parse(dataset)
    label = domain or pathlib.PurePath(parsed.what).name or parsed.scheme
    if label in result:
      raise ValueError(
        f'two datasets are called {errors.printable(label)!r}; name them, as '
        'in photo=folder:/my/photos'
      )
    result[label] = parsed
  return result


def parse_faces(
  texts: Sequence[str], datasets: Mapping[str, base.Dataset]
) -> dict[str, str]:
  """The face detectors that a user asks for: {label: name}.

  Raises:
    ValueError: a name is unknown.
  """
  result: dict[str, str] = {}
  for text in texts:
    domain, equals, name = text.rpartition('=')
    if equals and domain not in datasets:
      raise ValueError(
        f'--faces={errors.printable(text)}: there is no dataset '
        f'{errors.printable(domain)!r}, only '
        f'{", ".join(map(errors.printable, datasets))}'
        f'{errors.did_you_mean(domain, datasets)}'
      )
    known = [*faces.DETECTORS, dataset_measures.NO_FACES]
    if ':' in name:
      name = faces.load(name)
    elif name not in known:
      raise ValueError(
        f'--faces={errors.printable(text)}: {errors.printable(name)!r} is '
        f'unknown; use one of {", ".join(known)}'
        f'{errors.did_you_mean(name, known)}'
      )
    result.update(dict.fromkeys([domain] if equals else datasets, name))
  return result


def _detector(label: str, originals: base.Originals, asked: str | None) -> str:
  """The detector for a dataset; none where what it needs is not installed."""
  none = dataset_measures.NO_FACES
  try:
    if asked not in (None, none):
      faces.detector(asked)
    if asked is not None:
      return asked
    return face_choice.choose(originals.names, originals.read)
  except extras.MissingPackage as error:
    print(f'No faces are looked for in {errors.printable(label)}: {error}.')
    return none


def _as_text(found: Sequence[findings.Finding]) -> str:
  if not found:
    return '\nNothing to mend was found.'
  lines = []
  for one in found:
    lines.append(f'\n{one.severity}: {errors.printable(one.sentence)}')
    # Printable already: commands quote what is not.
    lines += [f'  {command}' for command in one.commands]
  return '\n'.join(lines)

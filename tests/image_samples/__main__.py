"""Writes all samples into a folder, see the package."""

import json
import pathlib
import sys

from PIL import Image

from tests import image_samples


def _write(folder: pathlib.Path) -> None:
  """Writes all samples, for a reader that is not Python.

  Args:
    folder: is made if it is missing.
  """
  folder.mkdir(parents=True, exist_ok=True)
  table = []
  for name, sample in image_samples.samples().items():
    stem = ''.join(c if c.isalnum() else '_' for c in name)
    (folder / f'{stem}{sample.suffix}').write_bytes(sample.content)
    expected = folder / f'{stem}.expected.png'
    Image.fromarray(sample.expected).save(expected)
    table.append(
      dict(
        name=name,
        file=f'{stem}{sample.suffix}',
        expected=expected.name,
        tolerance=sample.tolerance,
        refused_by_graph=sample.refused_by_graph,
      )
    )
  (folder / 'samples.json').write_text(json.dumps(table, indent=2) + '\n')


if __name__ == '__main__':
  _write(pathlib.Path(sys.argv[1]))

r"""Translates images with a trained run or a pretrained model.

  python -m tf_twingan.translate --model=avatar_twins --to=anime \
      --input=portrait.jpg --output=translated
  python -m tf_twingan.translate --run_dir=runs/anime --to=anime \
      --input=/my/portraits --output=translated --side_by_side
  python -m tf_twingan.translate --run_dir=runs/styles --to=anime \
      --input=portrait.jpg --output=translated --reference=anime_face.png

Images may have any size and common format; the largest square in the middle
is used. Each result is a PNG named like its source; one that can't be read is
skipped and listed.

A model with style codes (TwinGAN.style_size) draws in the style of an image
of the target domain (--reference) or in a random one (--style_seed); without
these, in the mean style of the domain.
"""

import collections
import pathlib
import sys

import numpy as np
import tqdm
from absl import flags

from tf_twingan import cli, image_arrays, image_io

_RUN_DIR = flags.DEFINE_string('run_dir', None, "A training's directory.")
_MODEL = flags.DEFINE_string(
  'model', None, 'A model that ships with the package: avatar_twins.'
)
_TO = flags.DEFINE_string(
  'to', None, 'The domain to draw the images in.', required=True
)
_FROM = flags.DEFINE_string(
  'from',
  None,
  'The domain of the images; may be left out if the model has two.',
)
_INPUT = flags.DEFINE_string(
  'input', None, 'An image, or a folder of images.', required=True
)
_OUTPUT = flags.DEFINE_string(
  'output', None, 'The folder for the results.', required=True
)
_SIDE_BY_SIDE = flags.DEFINE_bool(
  'side_by_side', False, 'Put each result beside its source.'
)
_REFERENCE = flags.DEFINE_string(
  'reference', None, 'An image of the domain --to, to draw in its style.'
)
_STYLE_SEED = flags.DEFINE_integer(
  'style_seed',
  None,
  'Draw in a random style; the same for the same number.',
  lower_bound=0,
)

_BATCH = 32


def main(argv) -> None:
  """Translates all images of the input."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    translator = cli.load_translator(_RUN_DIR.value, _MODEL.value)
    translator.source_for(_TO.value, _FROM.value)
    style = _style(translator)
    root = pathlib.Path(_INPUT.value)
    files = [root] if root.is_file() else image_io.list_files(root)
    if not files:
      raise ValueError(
        f'{root} holds no images; these are looked for: '
        f'{", ".join(sorted(image_io.SUFFIXES))}.'
      )
    skipped = _translate_all(translator, root, files, style)
  done = len(files) - len(skipped)
  print(f'{done} of {len(files)} images translated to {_OUTPUT.value}')
  for path, reason in skipped:
    print(f'  skipped {path}: {reason}', file=sys.stderr)
  if not done:
    sys.exit('Error: no image could be read.')


def _style(translator):
  """The style that is asked for, or None."""
  if _REFERENCE.value is not None and _STYLE_SEED.value is not None:
    raise ValueError(
      f'--reference={_REFERENCE.value} and --style_seed={_STYLE_SEED.value} '
      'both ask for a style; give one of them.'
    )
  if _STYLE_SEED.value is not None:
    return translator.random_styles(1, _STYLE_SEED.value)[0]
  if _REFERENCE.value is None:
    return None
  image = _read(translator, _REFERENCE.value)
  return translator.style(image[None], _TO.value)[0]


def _read(translator, path):
  return image_arrays.square(
    image_io.read(path, at_least=2 * translator.resolution),
    translator.resolution,
  )


def _translate_all(translator, root, files, style):
  skipped = []
  targets = _targets(root, files)
  for start in tqdm.tqdm(
    range(0, len(files), _BATCH),
    unit=' batches',
    desc=f'translating to {_TO.value}',
  ):
    names, batch = [], []
    for path in files[start : start + _BATCH]:
      try:
        batch.append(_read(translator, path))
        names.append(path)
      except image_io.UnreadableImage as error:
        skipped.append((path, error.reason))
    if not batch:
      continue
    sources = np.stack(batch)
    results = translator.translate(sources, _TO.value, _FROM.value, style=style)
    if _SIDE_BY_SIDE.value:
      results = np.concatenate([sources, results], axis=2)
    for path, result in zip(names, results):
      image_io.write_png(targets[path], result)
  return skipped


def _targets(root, files):
  """Where each result goes: named like its source, whose ending may differ.

  Where several sources differ in their ending only, it is kept.
  """
  plain = {
    path: pathlib.Path(
      _OUTPUT.value,
      path.relative_to(root) if path != root else path.name,
    )
    for path in files
  }
  taken = collections.Counter(p.with_suffix('') for p in plain.values())
  targets = {
    path: target.with_suffix('.png')
    if taken[target.with_suffix('')] == 1
    else target.with_name(f'{target.name}.png')
    for path, target in plain.items()
  }
  sources = {path.resolve() for path in files}
  for target in targets.values():
    if target.resolve() in sources:
      raise ValueError(
        f'{target} is one of the images to translate and would be '
        'overwritten; choose another --output.'
      )
  if len(set(targets.values())) < len(files):
    raise ValueError(
      'Several images would get the same result file; rename those that '
      'differ in their endings only.'
    )
  return targets


def run() -> None:
  """The console script."""
  cli.run(main)


if __name__ == '__main__':
  run()

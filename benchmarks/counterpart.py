r"""How often is a translation of a twin nearest to its own true answer?

  python -m benchmarks.counterpart --model=avatar_twins
  python -m benchmarks.counterpart --run_dir=runs/anime --count=100

Takes held-out characters, which the test split holds in every style, and
prints the nearest-counterpart recall (metrics/nearest_counterpart.py) both
ways, with its floors: the untranslated sources, and the translations shuffled.
"""

import numpy as np
from absl import flags

from tf_twingan import command_line
from tf_twingan import images as images_lib
from tf_twingan.data import sources
from tf_twingan.metrics import nearest_counterpart

_RUN_DIR = flags.DEFINE_string('run_dir', None, "A training's directory.")
_MODEL = flags.DEFINE_string('model', None, 'A shipped model: avatar_twins.')
_SOURCE = flags.DEFINE_multi_string(
  'source',
  ['photo=avatars:toon-head', 'anime=avatars:lorelei'],
  'DOMAIN=SOURCE of two domains that show the same characters.',
)
_COUNT = flags.DEFINE_integer('count', 100, 'Characters to choose among.')
_RESOLUTION = flags.DEFINE_integer('resolution', 32, 'To compare at, px.')


def main(argv) -> None:
  """Prints the table."""
  command_line.no_arguments(argv)
  with command_line.clear_errors():
    translator = command_line.load_translator(_RUN_DIR.value, _MODEL.value)
    pictures = {}
    if len(_SOURCE.value) != 2:
      raise ValueError(
        f'--source is given {len(_SOURCE.value)} times; give two domains.'
      )
    for item in _SOURCE.value:
      domain, _, source = item.partition('=')
      loaded = sources.load(source, translator.resolution, split='test')
      pictures[domain] = loaded.images[: _COUNT.value]
    first, second = pictures
    print(
      f'{len(pictures[first])} held-out characters at '
      f'{_RESOLUTION.value} px; model '
      f'of {translator.images_seen:,} images at {translator.resolution} px\n'
      f'{"":28} {"recall":>8} {"mean colour removed":>20}'
    )
    for source, target in ((first, second), (second, first)):
      translated = translator.translate(
        pictures[source], to=target, source=source
      )
      for name, candidates in (
        (f'{source} to {target}', translated),
        ('  untranslated', pictures[source]),
        ('  translations shuffled', np.roll(translated, 1, axis=0)),
      ):
        small, answers = (
          images_lib.downsample(p, _RESOLUTION.value)
          for p in (candidates, pictures[target])
        )
        scores = [
          nearest_counterpart.recall(small, answers, remove_mean=remove)
          for remove in (False, True)
        ]
        print(f'{name:28} {scores[0]:8.0%} {scores[1]:20.0%}')


if __name__ == '__main__':
  command_line.run(main)

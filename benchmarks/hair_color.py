r"""How often does a translated twin keep the colour of its hair?

  python -m benchmarks.hair_color --model=avatar_twins
  python -m benchmarks.hair_color --run_dir=runs/anime --count=200

Takes held-out characters and looks where their true counterpart shows hair:
the pixels that change when only the hair's colour does. "Kept" is the share
of translations whose mean colour there is nearest to the character's own
among all natural and vivid hair colours, or to one of its two neighbours from
dark to light; "vivid" is the share nearest to a vivid one, which no held-out
character has. The true counterparts are the ceiling, shuffled translations
the floor; the untranslated sources are what a copier gets.
"""

import dataclasses

import numpy as np
from absl import flags

from tf_twingan import command_line
from tf_twingan import images as images_lib
from tf_twingan.data import avatar_twins, characters, drawing
from tf_twingan.metrics import region_color

_RUN_DIR = flags.DEFINE_string('run_dir', None, "A training's directory.")
_MODEL = flags.DEFINE_string('model', None, 'A shipped model: avatar_twins.')
_STYLE = flags.DEFINE_multi_string(
  'style',
  ['photo=toon-head', 'anime=lorelei'],
  'DOMAIN=STYLE of the two domains.',
)
_COUNT = flags.DEFINE_integer('count', 200, 'Held-out characters to look at.')
# Two colours that no drawing has, far apart.
_MARKERS = ('00ff00', 'ff00ff')
_CHANGED = 120  # Of 255: a pixel that is hair for the most part.


def main(argv) -> None:
  """Prints the table."""
  command_line.no_arguments(argv)
  with command_line.clear_errors():
    translator = command_line.load_translator(_RUN_DIR.value, _MODEL.value)
    styles = dict(item.partition('=')[::2] for item in _STYLE.value)
    if len(styles) != 2 or len(_STYLE.value) != 2 or not all(styles.values()):
      raise ValueError(
        f'--style is {_STYLE.value}; give DOMAIN=STYLE of two domains.'
      )
    first, second = styles
    people = [
      characters.character(number)
      for number in avatar_twins.numbers(styles[first], 'test', _COUNT.value)
    ]
    size = translator.resolution
    pictures = {
      domain: _drawn(people, style, size) for domain, style in styles.items()
    }
    print(
      f'{len(people)} held-out characters at {size} px; model of '
      f'{translator.images_seen:,} images\n{"":28} {"kept":>6} {"vivid":>6}'
    )
    for source, target in ((first, second), (second, first)):
      marked = [
        _drawn(
          [dataclasses.replace(p, hair_color=m) for p in people],
          styles[target],
          size,
        ).astype(int)
        for m in _MARKERS
      ]
      masks = np.abs(marked[0] - marked[1]).max(axis=-1) > _CHANGED
      translated = translator.translate(
        pictures[source], to=target, source=source
      )
      for name, candidates in (
        (f'{source} to {target}', translated),
        ('  true counterparts', pictures[target]),
        ('  untranslated', pictures[source]),
        ('  translations shuffled', np.roll(translated, 1, axis=0)),
      ):
        kept, vivid = _shares(candidates, masks, people)
        print(f'{name:28} {kept:6.0%} {vivid:6.1%}')


def _drawn(people, style, size):
  full = np.stack([drawing.draw(p, style) for p in people])
  return images_lib.downsample(full, size)


def _shares(pictures, masks, people):
  names = [*characters.NATURAL_HAIR.values(), *characters.VIVID_HAIR.values()]
  palette = np.array([list(bytes.fromhex(name)) for name in names])
  found = region_color.nearest(pictures, masks, palette)
  own = np.array([names.index(p.hair_color) for p in people])
  seen = found >= 0
  natural = len(characters.NATURAL_HAIR)
  kept = (found < natural) & (np.abs(found - own) <= 1)
  return np.mean(kept[seen]), np.mean(found[seen] >= natural)


if __name__ == '__main__':
  command_line.run(main)

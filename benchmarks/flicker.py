r"""How much a translated film flickers, frame by frame and with faces followed.

  python -m benchmarks.flicker
  python -m benchmarks.flicker --seconds=2 --nospeed --sheet=sheet.png

A drawn clip shows avatars under a camera that pans and zooms, with the noise of
a sensor and a cut in its middle. The shipped model translates it frame by
frame, and as a film, without smoothing and with one of three: of the aligned
squares, as films are, of content codes and skips, and of the outputs. Sharpness
is the energy of gradients in the middle parts of the faces.

Frames a second are those of untrained networks of other resolutions; the bare
model translates aligned squares, as many as a frame has faces, and nothing
else. `--sheet` writes frames to look at, in rows of the source and each way.
"""

import os
import tempfile
import time
from collections.abc import Sequence

import numpy as np
from absl import flags
from PIL import Image

from benchmarks import film_clips, film_variants, measurements
from tf_twingan import cli
from tf_twingan.data.prepare import options
from tf_twingan.inference import photo_alignment
from tf_twingan.inference import translator as translator_lib
from tf_twingan.inference.films import film_translator
from tf_twingan.metrics import flicker
from tf_twingan.models import twingan
from tf_twingan.runs import loading

# Characters of the held-out split.
_SHOTS = ((0, 1), (2, 3))
_BY_FRAME, _FILM = 'frame by frame', 'followed, squares smoothed (films)'
_WAYS = {
  'followed': film_variants.NothingSmoothed,
  _FILM: film_translator.FilmTranslator,
  'followed, codes and skips smoothed': film_variants.CodesSmoothed,
  'followed, outputs smoothed': film_variants.OutputsSmoothed,
}
_SHEET_FRAMES = 6


def define_flags() -> None:
  """Defines the flags, some of which other benchmarks have, too."""
  flags.DEFINE_float('seconds', 10.0, 'Length of the clip.', 0.2)
  flags.DEFINE_integer('rate', 25, 'Frames a second of the clip.', 1)
  flags.DEFINE_float(
    'noise', 4.0, "Deviation of the sensor's noise, in levels of 255.", 0
  )
  flags.DEFINE_bool('speed', True, 'Measure frames a second, too.')
  flags.DEFINE_list('resolutions', ['64', '128'], 'Of --speed, px.')
  cli.define_path('sheet', 'PNG to write frames of the film to.')


def main(argv) -> None:
  """Prints tables in Markdown, row by row."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    values = flags.FLAGS
    clip = film_clips.make(
      _SHOTS, seconds=values.seconds, rate=values.rate, noise=values.noise
    )
    model = translator_lib.Translator.from_pretrained('avatar_twins')
    photographs = film_variants.RememberingPhotographs(model)
    films = {'source': clip.frames}
    films[_BY_FRAME] = [photographs.translate(frame) for frame in clip.frames]
    for name, way in _WAYS.items():
      films[name] = _play(way(photographs), clip)
    tables = [_flicker_table(clip, films)]
    if values.sheet:
      _write_sheet(values.sheet, films)
    if values.speed:
      tables.append(_speed_table(clip, list(map(int, values.resolutions))))
    measurements.save(
      tables,
      group='Photographs and films',
      title='Flicker of films',
      what='A drawn clip of avatars with pan, zoom, noise and a cut, '
      'translated by the shipped model. Flicker is the mean absolute '
      'difference to the frame before, moved by the optical flow of the '
      'source, in levels of 255, in the middle parts of the faces and in whole '
      'frames; sharpness is the energy of gradients in these parts, against '
      'frame by frame. Frames a second are of untrained networks.',
    )


def _play(
  film: film_translator.FilmTranslator, clip: film_clips.Clip
) -> list[np.ndarray]:
  return [film.translate(f, t) for f, t in zip(clip.frames, clip.times)]


def _flicker_table(
  clip: film_clips.Clip, films: dict[str, list[np.ndarray]]
) -> measurements.Table:
  regions = clip.regions()
  printed = measurements.PrintedTable(
    ('', 'faces', 'less', 'whole frames', 'sharpness'), 'Flicker'
  )

  def measure(outputs):
    sharpness = [
      flicker.gradient_energy(image, region)
      for image, region in zip(outputs, regions)
    ]
    return (
      255
      * flicker.flicker(outputs, clip.frames, cuts=clip.cuts, regions=regions),
      255 * flicker.flicker(outputs, clip.frames, cuts=clip.cuts),
      float(np.nanmean(sharpness)),
    )

  base = measure(films[_BY_FRAME])
  for name, outputs in films.items():
    faces, whole, sharpness = measure(outputs)
    compared = ['', '']
    if name != 'source':
      compared = [f'{1 - faces / base[0]:.0%}', f'{sharpness / base[2]:.1%}']
    printed.add(name, f'{faces:.2f}', compared[0], f'{whole:.2f}', compared[1])
  return printed.table


def _speed_table(
  clip: film_clips.Clip, resolutions: Sequence[int]
) -> measurements.Table:
  printed = measurements.PrintedTable(
    ('px', 'bare model', 'film', 'film, faces known', 'frame by frame'),
    'Frames a second, of 640x360 px and two faces',
  )
  for resolution in resolutions:
    model = _untrained(resolution)
    photographs = film_variants.RememberingPhotographs(
      model, preparation=_preparation()
    )
    squares = np.zeros([2, resolution, resolution, 3], np.uint8)
    model.translate(squares, 'anime')  # Traces.
    start = time.perf_counter()
    for _ in clip.frames:
      model.translate(squares, 'anime')
    bare = time.perf_counter() - start
    rates = []
    # The second time, it is known where the faces are.
    for _ in range(2):
      start = time.perf_counter()
      _play(film_translator.FilmTranslator(photographs), clip)
      rates.append(time.perf_counter() - start)
    few = clip.frames[1:6]  # The first one's faces are known.
    start = time.perf_counter()
    for frame in few:
      photographs.translate(frame)
    alone = (time.perf_counter() - start) / len(few) * len(clip.frames)
    printed.add(
      f'{resolution}',
      *(f'{len(clip.frames) / s:.1f}' for s in (bare, *rates, alone)),
    )
  return printed.table


def _preparation() -> options.Options:
  """How the shipped model's faces are aligned."""
  shipped = translator_lib.Translator.from_pretrained('avatar_twins')
  return photo_alignment.options_of(shipped, 'photo')


def _untrained(resolution: int) -> translator_lib.Translator:
  """An untrained network with the options of `gin/anime.gin`."""
  model = twingan.TwinGAN(
    ['photo', 'anime'],
    max_resolution=resolution,
    channels_base=128,
    channels_max=64,
    pixel_norm=False,
    smooth=True,
  )
  with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'model')
    loading.save(loading.LoadedModel(model, resolution, 1.0, 0, {}), path)
    return translator_lib.Translator(path)


def _write_sheet(path: str, films: dict[str, list[np.ndarray]]) -> None:
  """One column for each film, one row for each of some frames."""
  count = len(films['source'])
  rows = [
    count * (2 * row + 1) // (2 * _SHEET_FRAMES) for row in range(_SHEET_FRAMES)
  ]
  lines = [
    np.concatenate([frames[row] for frames in films.values()], axis=1)
    for row in rows
  ]
  Image.fromarray(np.concatenate(lines)).save(path)


if __name__ == '__main__':
  define_flags()
  cli.run(main)

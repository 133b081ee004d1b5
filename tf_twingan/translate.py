r"""Translates images with a trained run or a pretrained model.

  python -m tf_twingan.translate --model=avatar_twins --to=anime \
      --input=portrait.jpg --output=translated
  python -m tf_twingan.translate --run_dir=runs/anime --to=anime \
      --input=/my/portraits --output=translated --side_by_side
  python -m tf_twingan.translate --run_dir=runs/anime --to=anime \
      --input=/my/photos --output=translated --faces=all
  python -m tf_twingan.translate --run_dir=runs/anime --to=anime \
      --input=clip.mp4 --output=clip.anime.mp4
  python -m tf_twingan.translate --run_dir=runs/styles --to=anime \
      --input=portrait.jpg --output=translated --reference=anime_face.png

With --faces, photos are translated whole: all of their faces, or the largest,
are put back where they were found, and nothing else changes; --faces=none
translates whole images by tiles. Films are translated so, too, by default with
all of their faces, and go on where they were stopped; --input=camera:0 shows
what a camera sees, or writes it to --output. docs/photos.md says how.

Without it, images may have any size and common format; the largest square in
the middle is used, or what the training's datasets kept (?crop=0.7), or, if
photos were prepared for them, the largest face, aligned. Each result is named
like its source: a.jpg becomes a.png, or a.jpg.png where there is an a.webp,
too. One that can't be read, or has no face, is skipped and listed, of a folder
in skipped.csv. Whatever ends a folder's translation, the same command goes on
with what is missing. --output may lie in --input.

A model with style codes (TwinGAN.style_size) translates to the style of an
image of the target domain (--reference) or to a random one (--style_seed);
without these, to the mean style of the domain. --strength=0.6 goes part of the
way, --mix=anime=0.7,lorelei=0.3 to a mixture of domains.
"""

import functools

from absl import flags

from tf_twingan import cli, film_flags, photo_flags, translate_flags

_RUN_DIR, _MODEL = cli.define_run_dir(), cli.define_model()
_BUNDLE = cli.define_bundle()
_TO = flags.DEFINE_string('to', None, 'The domain to translate images to.')
_FROM = cli.define_from()
_INPUT = cli.define_path(
  'input', 'An image, a folder of images, a film, or camera:0.', required=True
)
_OUTPUT = cli.define_path(
  'output', 'The folder of the results; of a film, the file of the result.'
)
_FRAME_AS_TRAINED = flags.DEFINE_bool(
  'frame_as_trained',
  True,
  "Crop and align images as the training's; --noframe_as_trained takes the "
  'largest square in the middle, for images that are prepared already.',
)
photo_flags.define()
film_flags.define()
translate_flags.define()


def main(argv) -> None:
  """Translates all images of the input."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    is_film = film_flags.are_meant(_INPUT.value, _OUTPUT.value)
    photo_flags.check()
    to = translate_flags.target(_TO.value)
    model = _RUN_DIR.value, _MODEL.value, _BUNDLE.value
    if is_film:
      load = functools.partial(translate_flags.load_translator, *model)
      film_flags.run(_INPUT.value, _OUTPUT.value, load, to, _FROM.value)
      return
    translate_flags.check_runner(_INPUT.value)
    from tf_twingan.inference import translation_job

    plan = translation_job.plan(
      _INPUT.value, _OUTPUT.value, **translate_flags.planned()
    )
    translator = translate_flags.load_translator(*model)
    source = translator.source_for(to, _FROM.value)
    if not _FRAME_AS_TRAINED.value:
      translator.framings.clear()
    style = translate_flags.style_code(translator, to)
    method = photo_flags.method(translator, to, source, style)
    translation_job.run(
      plan,
      translator,
      method,
      says_origin=translate_flags.says_origin(),
      **translate_flags.through_runner(),
    )


def run() -> None:
  """Runs the console script."""
  cli.run(main)


if __name__ == '__main__':
  run()

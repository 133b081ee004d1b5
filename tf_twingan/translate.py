r"""Translates images with a trained run or a pretrained model.

  python -m tf_twingan.translate --model=avatar_twins --to=anime \
      --input=portrait.jpg --output=translated
  python -m tf_twingan.translate --run_dir=runs/anime --to=anime \
      --input=/my/portraits --output=translated --side_by_side
  python -m tf_twingan.translate --run_dir=runs/styles --to=anime \
      --input=portrait.jpg --output=translated --reference=anime_face.png

Images may have any size and common format; the largest square in the middle is
used, or what the training's datasets kept (?crop=0.7), or, if photos were
prepared for them, the largest face, aligned. Each result is a PNG named like
its source: a.jpg becomes a.png, or a.jpg.png where there is an a.webp, too. One
that can't be read, or has no face, is skipped and listed. Ctrl-C keeps what is
written; the same command begins again. --output may lie in --input.

A model with style codes (TwinGAN.style_size) translates to the style of an
image of the target domain (--reference) or to a random one (--style_seed);
without these, to the mean style of the domain.
"""

from absl import flags

from tf_twingan import cli, files

_RUN_DIR, _MODEL = cli.define_run_dir(), cli.define_model()
_TO = flags.DEFINE_string(
  'to', None, 'The domain to translate the images to.', required=True
)
_FROM = cli.define_from()
_INPUT = cli.define_path(
  'input', 'An image, or a folder of images.', required=True
)
_OUTPUT = cli.define_path('output', 'The folder of the results.', required=True)
_SIDE_BY_SIDE = flags.DEFINE_bool(
  'side_by_side', False, 'Put each result beside its source.'
)
_FRAME_AS_TRAINED = flags.DEFINE_bool(
  'frame_as_trained',
  True,
  "Crop and align images as the training's; --noframe_as_trained takes the "
  'largest square in the middle, for images that are prepared already.',
)
_REFERENCE = cli.define_path(
  'reference', 'An image of the domain --to, whose style to take.'
)
_STYLE_SEED = flags.DEFINE_integer(
  'style_seed', None, 'A random style, the same for a number.', lower_bound=0
)


def main(argv) -> None:
  """Translates all images of the input."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    files.check_writable(_OUTPUT.value)
    from tf_twingan.inference import file_translation, output_files

    images = file_translation.find_images(_INPUT.value, _OUTPUT.value)
    outputs = file_translation.output_paths(images, _INPUT.value, _OUTPUT.value)
    output_files.check_replaced(outputs.values())
    translator = cli.load_translator(_RUN_DIR.value, _MODEL.value)
    translator.source_for(_TO.value, _FROM.value)
    if not _FRAME_AS_TRAINED.value:
      translator.framings.clear()
    style = _style_code(translator)
    skipped = file_translation.translate_files(
      translator,
      outputs,
      _TO.value,
      _FROM.value,
      style=style,
      side_by_side=_SIDE_BY_SIDE.value,
    )
    file_translation.print_result(len(images), skipped, _OUTPUT.value)


def _style_code(translator):
  """The style code that is asked for, or None."""
  reference, seed = _REFERENCE.value, _STYLE_SEED.value
  if reference is not None and seed is not None:
    raise ValueError(
      f'--reference={reference} and --style_seed={seed} both ask for a style; '
      'give one of them.'
    )
  if seed is not None:
    return translator.random_styles(1, seed)[0]
  if reference is None:
    return None
  image = translator.read(reference, _TO.value)
  return translator.style(image[None], _TO.value)[0]


def run() -> None:
  """Runs the console script."""
  cli.run(main)


if __name__ == '__main__':
  run()

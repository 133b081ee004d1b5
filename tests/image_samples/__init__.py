"""Small image files of every kind that people send, with what they show.

`samples` returns them by name, each with the pixels that any reader has to find
in it. The pixels are those that the file was made of, not what some decoder
read. Three readers are held against the same files: `tf_twingan.image_io`, the
graph of an exported SavedModel, and, from the folder that `write` fills, one of
another language:

  python -m tests.image_samples FOLDER

writes each file as NAME.SUFFIX, its pixels as NAME.expected.png and a table of
all of them, samples.json.
"""

from tests.image_samples import base, bmps, gifs, jpegs, others, pngs


def samples() -> dict[str, base.Sample]:
  """All samples by name."""
  return {
    name: sample
    for kind in (jpegs, pngs, gifs, bmps, others)
    for name, sample in kind.samples().items()
  }

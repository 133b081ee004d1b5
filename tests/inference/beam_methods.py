"""Methods for tests of Beam, which workers import by this module's name."""

import os
import pathlib

from tf_twingan import image_io, provenance
from tf_twingan.inference import file_methods


class Inverted:
  """Inverts whole images, and leaves a file for each that it reads."""

  source_type = provenance.WHOLE
  summary = ''

  def __init__(self, folder):
    self.folder = pathlib.Path(folder)

  @property
  def options(self):
    return {'method': 'inverted'}

  def load(self, path):
    name = pathlib.Path(path).stem
    (self.folder / f'{name}.{os.getpid()}').touch()
    return file_methods.Loaded(image_io.read(path)[None])

  def translate(self, squares):
    return 255 - squares

  def finish(self, loaded, translated):
    return file_methods.Result(translated[0])


class Dying(Inverted):
  """The process ends at one image, the first time."""

  def load(self, path):
    if pathlib.Path(path).stem == '030':
      try:
        (self.folder / 'died').touch(exist_ok=False)
        os._exit(3)
      except FileExistsError:
        pass
    return super().load(path)


class Full(Inverted):
  """At one image, the disk is full, as long as a file says so."""

  def finish(self, loaded, translated):
    if loaded.squares[0, 0, 0, 0] == 30 and (self.folder / 'full').exists():
      raise OSError(28, 'No space left on device')
    return super().finish(loaded, translated)

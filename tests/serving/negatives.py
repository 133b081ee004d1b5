"""A model that is ready at once: it translates two domains to negatives."""

import numpy as np

from tf_twingan import framing
from tf_twingan.serving import application, models, settings


class Negatives:
  """What a `ServedModel` needs of a translator."""

  domains = ('photo', 'anime')
  resolution = 8
  fingerprint = 'f' * 64
  has_codes = True

  def supports(self, source, to):
    return source != to

  def framing_of(self, domain):
    return framing.Framing()

  def source_for(self, to, source=None):
    for name in (to, source):
      if name not in (None, *self.domains):
        raise ValueError(f'no domain {name!r}; there are photo, anime.')
    return source or next(d for d in self.domains if d != to)

  def translate(self, images, to, source=None):
    return 255 - images

  def encode(self, images, domain):
    return np.ones([len(images), 4, 4, 3], np.float32)


def app(**limits):
  """An application with this model.

  Args:
    **limits: what differs from the default settings.
  """
  served = models.Models([models.ServedModel('negatives', Negatives())])
  return application.create(served, settings.Settings(**limits))

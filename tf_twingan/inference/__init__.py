"""Uses trained models: the Translator, the Sampler and exported files."""

from tf_twingan.inference.sampler import Sampler
from tf_twingan.inference.translator import Translator

__all__ = ['Sampler', 'Translator']

"""What exported files say of themselves: title, author, licence, model card."""

import re
from typing import NamedTuple

from tf_twingan import errors


class About(NamedTuple):
  """The texts of a bundle's files.

  Attributes:
    name: name of the model.
    description: description in a sentence or two.
    version: version of the model, a number.
    author: author of the model.
    licence: licence of the weights.
    card: the model card, Markdown; becomes an associated file.
  """

  name: str
  description: str
  version: str
  author: str
  licence: str
  card: str


def inline_code(text: str) -> str:
  """A name as code within a line of Markdown, whatever characters it has."""
  text = errors.printable(text)
  # A fence longer than any in the text does not end there.
  longest = max((len(run) for run in re.findall('`+', text)), default=0)
  fence = '`' * (longest + 1)
  return f'{fence} {text} {fence}' if longest else f'{fence}{text}{fence}'

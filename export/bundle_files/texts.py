"""What exported files say of themselves: title, author, licence, model card."""

from typing import NamedTuple


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

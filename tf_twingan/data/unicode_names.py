"""Names of files that are the same to whoever reads them.

Macs and what they pack write an accent as a character of its own (NFD), other
systems and keyboards as one with its letter (NFC), and no file system but
theirs takes these for one name.
"""

import unicodedata


def composed(name: str) -> str:
  """Returns the one of all spellings of a name that keyboards write."""
  return unicodedata.normalize('NFC', name)

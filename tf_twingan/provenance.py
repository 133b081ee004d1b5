"""What a result says of itself: that a model made it, and which one.

An image file says so in XMP, where IPTC has a property for how an image came
about (Digital Source Type) and for the system that made it (AI System Used),
and in EXIF and in the texts of a PNG, which viewers show.
"""

import functools
import os
import re
import sys
import xml.etree.ElementTree
from collections.abc import Mapping
from typing import NamedTuple
from xml.sax import saxutils

from tf_twingan import errors, image_io

PROGRAM = 'tf_twingan'
_TERMS = 'http://cv.iptc.org/newscodes/digitalsourcetype/'
# All of the image is a network's.
WHOLE = f'{_TERMS}trainedAlgorithmicMedia'
# Parts of a photo are.
PARTS = f'{_TERMS}compositeWithTrainedAlgorithmicMedia'
# The keyword of XMP in the texts of a PNG.
XMP_KEYWORD = 'XML:com.adobe.xmp'
MARK = 'AI-generated'
# A packet has about one kilobyte.
_MAX_BYTES = 2**16
_MAX_NAME = 200

_RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#'
_XMP = 'http://ns.adobe.com/xap/1.0/'
_IPTC = 'http://iptc.org/std/Iptc4xmpExt/2008-02-29/'
_OWN = 'urn:tf_twingan:provenance'
_NAMESPACES = {'xmp': _XMP, 'Iptc4xmpExt': _IPTC, PROGRAM: _OWN}
_FORBIDDEN = re.compile(rb'<!(DOCTYPE|ENTITY)', re.IGNORECASE)


class Provenance(NamedTuple):
  """How an image came about.

  Attributes:
    model: name of the model: of a pretrained one, or of the run's folder.
    fingerprint: names its very weights, see `Translator.fingerprint`.
    version: version of tf_twingan.
    source_type: address of a term of IPTC: `WHOLE` or `PARTS`.
  """

  model: str
  fingerprint: str
  version: str
  source_type: str = WHOLE

  @property
  def software(self) -> str:
    """Name and version of the program."""
    return f'{PROGRAM} {_plain(self.version)}'

  @property
  def statement(self) -> str:
    """All of it in one line of ASCII, for those who read no XMP."""
    what = 'in parts ' if self.source_type == PARTS else ''
    return (
      f'{MARK} {what}by {self.software}, model {_plain(self.model)}, '
      f'fingerprint {_plain(self.fingerprint)}'
    )

  def texts(self) -> Mapping[str, str]:
    """The texts of a PNG, by their keywords."""
    return {
      'Software': self.software,
      'Comment': self.statement,
      XMP_KEYWORD: self.xmp().decode(),
    }

  def xmp(self) -> bytes:
    """The packet of XMP, UTF-8."""
    return _xmp(self)


@functools.lru_cache(maxsize=8)
def _xmp(origin: Provenance) -> bytes:
  # Thousands of files get the same.
  properties = {
    'xmp:CreatorTool': origin.software,
    'Iptc4xmpExt:DigitalSourceType': origin.source_type,
    'Iptc4xmpExt:AISystemUsed': f'{PROGRAM}, model {_plain(origin.model)}',
    'Iptc4xmpExt:AISystemVersionUsed': _plain(origin.version),
    f'{PROGRAM}:Statement': origin.statement,
    f'{PROGRAM}:Model': _plain(origin.model),
    f'{PROGRAM}:Fingerprint': _plain(origin.fingerprint),
    f'{PROGRAM}:Version': _plain(origin.version),
  }
  lines = [
    *(f'xmlns:{name}="{uri}"' for name, uri in _NAMESPACES.items()),
    *(f'{n}={saxutils.quoteattr(text)}' for n, text in properties.items()),
  ]
  return (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    f'<rdf:RDF xmlns:rdf="{_RDF}">\n'
    '<rdf:Description rdf:about=""\n'
    f'{chr(10).join(lines)}/>\n'
    '</rdf:RDF></x:xmpmeta>\n'
    '<?xpacket end="w"?>'
  ).encode()


def version() -> str:
  """The version of this program."""
  # By its name, as the package itself imports what needs this module.
  return sys.modules[__name__.partition('.')[0]].__version__


def _plain(text: str) -> str:
  r"""A name as ASCII without control characters: others become `\xe9`."""
  printable = errors.printable(text[:_MAX_NAME])
  return printable.encode('ascii', 'backslashreplace').decode()


def read(path: str | os.PathLike) -> Provenance | None:
  """What an image file says of itself.

  Args:
    path: a PNG, JPEG or WebP file. Anything may be there.

  Returns:
    None if it does not say that it is a result of this program, or cannot be
    read.
  """
  packet = image_io.read_xmp(path)
  return None if packet is None else parse(packet)


def parse(packet: bytes) -> Provenance | None:
  """Reads a packet of `Provenance.xmp`; None if it is another program's."""
  if len(packet) > _MAX_BYTES or _FORBIDDEN.search(packet):
    return None
  try:
    root = xml.etree.ElementTree.fromstring(packet)
  except (ValueError, xml.etree.ElementTree.ParseError):
    return None
  for description in root.iter(f'{{{_RDF}}}Description'):
    model, fingerprint, version, source_type = (
      description.get(name)
      for name in (
        f'{{{_OWN}}}Model',
        f'{{{_OWN}}}Fingerprint',
        f'{{{_OWN}}}Version',
        f'{{{_IPTC}}}DigitalSourceType',
      )
    )
    if model and fingerprint and version and source_type:
      return Provenance(model, fingerprint, version, source_type)
  return None

"""HTML pages that need no other file: their templates, images and charts.

A page extends `html_pages.html.jinja`, which has its head and style.
"""

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from tf_twingan import errors, extras

if TYPE_CHECKING:
  from matplotlib import figure as matplotlib_figure

# Of what is compared, in order, where several things share a chart.
COLORS = ('#2a5bd7', '#d7552a', '#2a9d57', '#8b3fc4', '#777777')


def render(template: str, **values: Any) -> str:
  """Renders a page.

  Args:
    template: path of its template below this package, such as
      'evaluation/page.html.jinja'.
    **values: what the template names.
  """
  # Programs check before they work that this is there, in an extra of theirs.
  with extras.needed('evaluate'):
    import jinja2

  environment = jinja2.Environment(
    loader=jinja2.PackageLoader(__package__, ''),
    # All text is escaped: names are paths, and may hold anything.
    autoescape=True,
    # Nor may control characters reach a terminal from the page's source.
    finalize=_printable,
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
  )
  return environment.get_template(template).render(
    colors=COLORS, data_uri=data_uri, **values
  )


def _printable(value: Any) -> Any:
  """Text without control characters; markup and numbers as they are."""
  # Markup is a subclass of text.
  return errors.printable(value) if type(value) is str else value


def data_uri(image: np.ndarray) -> str:
  """An image as a URI that holds it.

  Args:
    image: uint8 RGB [height, width, 3].
  """
  stream = io.BytesIO()
  Image.fromarray(image).save(stream, format='PNG')
  return 'data:image/png;base64,' + base64.b64encode(stream.getvalue()).decode()


def svg(chart: 'matplotlib_figure.Figure') -> str:
  """A figure as SVG, markup that goes into a page as it is."""
  with extras.needed('evaluate'):
    import matplotlib

  stream = io.StringIO()
  # Without a date and with fixed ids, so that equal charts give equal files.
  with matplotlib.rc_context(
    {'svg.hashsalt': 'tf_twingan', 'svg.fonttype': 'none'}
  ):
    chart.savefig(stream, format='svg', metadata={'Date': None})
  text = stream.getvalue()
  return text[text.index('<svg') :]

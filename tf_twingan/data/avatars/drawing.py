"""Draws a character in one of the DiceBear art styles of `art_styles`.

Each style is a public SVG style of `dicebear-styles`, changed in three ways so
that images of one character in several styles are true pairs: its canvas is
moved and resized until the skulls of all styles lie on each other; parts that
no factor controls (beards, jewellery, varying eyebrows) are taken out or fixed;
and styles that look straight ahead get their face shifted sideways, so that
`facing` can be seen in all of them. `resvg` turns the SVG into pixels.
"""

import copy
import functools
import importlib.resources
import io
import json
from typing import Any

import numpy as np
from PIL import Image

from tf_twingan import extras
from tf_twingan.data.avatars import art_styles, characters

with extras.needed('avatars'):
  import dicebear
  import resvg_py


def definition(style: str) -> dict[str, Any]:
  """Reads a style as its artist published it.

  Args:
    style: a key of `art_styles.STYLES`.

  Returns:
    The decoded DiceBear definition: `meta`, `canvas`, `components`, `colors`.
  """
  art_styles.get_style(style)
  source = importlib.resources.files('dicebear_styles') / f'{style}.json'
  return json.loads(source.read_text('utf-8'))


def _adapt(
  elements: list[dict[str, Any]], art: art_styles.ArtStyle
) -> list[Any]:
  """Leaves out, recolours and turns elements as `art` says, at any depth."""
  kept = []
  for element in elements:
    element = copy.copy(element)
    attributes = element.get('attributes') or {}
    if attributes.get('mask') in art.without:
      continue
    if attributes.get('fill') in art.hair_fills:
      element['attributes'] = {
        **attributes,
        'fill': {'type': 'color', 'name': 'hair'},
      }
    if 'children' in element:
      element['children'] = _adapt(element['children'], art)
    if element['type'] == 'component':
      if element['name'] not in art.components:
        continue
      if element['name'] in art.turned:
        element = _group(art.turn, [element])
    kept.append(element)
  return kept


def _group(transform: str, children: list[Any]) -> dict[str, Any]:
  return {
    'name': 'g',
    'type': 'element',
    'attributes': {'transform': transform},
    'children': children,
  }


@functools.cache
def _prepared(style: str) -> dicebear.Style:
  """The style with its head in the common position and only the used parts."""
  art = art_styles.get_style(style)
  data = definition(style)
  components = {}
  for name, used in art.components.items():
    component = dict(data['components'][name])
    # DiceBear checks a style at length, so it gets no variant without a use.
    component['variants'] = {
      variant: {**content, 'elements': _adapt(content['elements'], art)}
      for variant, content in component['variants'].items()
      if variant in used
    }
    components[name] = component
  # A canvas of `span` units around `center`: flip, scale and rotation, which
  # DiceBear applies around the canvas's middle, then move all styles alike.
  offset_x, offset_y = (art.span / 2 - c for c in art.center)
  elements = [*art.behind, *_adapt(data['canvas']['elements'], art)]
  data['canvas'] = {
    'width': art.span,
    'height': art.span,
    'elements': [_group(f'translate({offset_x:g} {offset_y:g})', elements)],
  }
  data['components'] = components
  return dicebear.Style(data)


def options(character: characters.Character, style: str) -> dict[str, Any]:
  """The DiceBear options that show a character in a style."""
  art = art_styles.get_style(style)
  variants = {
    **art.hair[character.hair_shape],
    'mouth': art.mouth[character.mouth],
    'eyes': art.eyes[character.eyes],
  }
  if character.glasses:
    variants.update(art.glasses or {})
    if art.eyes_with_glasses:
      variants['eyes'] = art.eyes_with_glasses
  result = {
    'backgroundColor': character.background_color,
    'hairColor': character.hair_color,
    'skinColor': character.skin_color,
    'scale': character.scale,
    'rotate': character.tilt,
    'translateX': character.x,
    'translateY': character.y,
    'flip': 'none' if character.facing == art.faces else 'horizontal',
  }
  if art.clothes:
    result[f'{art.clothes}Color'] = character.clothes_color
  for name in art.components.keys() - art.fixed.keys():
    if name in variants:
      result[f'{name}Variant'] = variants[name]
    result[f'{name}Probability'] = 100 if name in variants else 0
  return result


def draw(
  character: characters.Character, style: str, size: int = 64
) -> np.ndarray:
  """Draws a character.

  Args:
    character: the character to draw; factors that are not among the style's
      `visible_factors` change nothing.
    style: a key of `art_styles.STYLES`.
    size: width and height in pixels.

  Returns:
    uint8 [size, size, 3].
  """
  avatar = dicebear.Avatar(
    _prepared(style), {**options(character, style), 'size': size}
  )
  # Without fonts: no image holds text, and looking for a system's fonts at
  # each call takes longer than drawing.
  png = resvg_py.svg_to_bytes(
    svg_string=avatar.to_string(),
    width=size,
    height=size,
    skip_system_fonts=True,
  )
  with Image.open(io.BytesIO(bytes(png))) as image:
    return np.asarray(image.convert('RGB'))

"""Every option that decides the pixels of prepared images, and its default.

This is the only place that lists them. `dataset.json` holds their values, the
template among them, so that a user's photo is prepared later exactly as the
images were that a network was trained on, whatever the defaults are then.
"""

from typing import Annotated, Literal

import pydantic

from tf_twingan import json_files
from tf_twingan.data.prepare import alignment, backgrounds

LARGEST_MARGIN = 4.0
_Positive = Annotated[int, pydantic.Field(ge=1)]


class Options(json_files.FrozenModel):
  """How photos become prepared images.

  Attributes:
    faces: which faces are found and aligned: 'human', 'anime', 'cat', or
      another name that `faces.register` was given; 'none' keeps the central
      square of each photo.
    resolution: side of the prepared images in pixels.
    template: where eyes and mouth come to lie. The same for all domains, so
      that eyes sit where eyes sit.
    margin: what is around the face, on every side, as a share of the face's
      size: 0 is from the brow to the chin.
    padding: what is put where the square leaves the photo: 'reflect', the
      photo reflected, or 'blur', the same with a blur that grows outwards.
    background: what is behind head and shoulders: 'keep', or cut out and put
      before 'plain' (white), a colour such as '#80c0ff', or 'random', another
      plain colour for each image. People only.
    smallest_side: the least length of a photo's shorter side, px.
    smallest_face: the least size of a face in the photo, px.
    largest_roll: how far a head may be tilted to one side, degrees; None for
      any angle.
    least_inside: the least share of the face, which is the square at margin 0,
      that must lie in the photo.
    most_faces: the most faces that are taken of a photo, the largest ones;
      None for all.
    blur: the least sharpness, see `quality.Measures.sharpness`.
    uniform: the largest share of one colour, see `quality.Measures.uniform`.
    duplicate_distance: how far apart near-duplicates may be, in percent, see
      `near_duplicates`. Unrelated images are about 100 apart, portraits of two
      people before one backdrop 20 or more, an image and what is left when 2 %
      are cut off on every side, or when it is saved at low quality, up to 10.
    keep_duplicates: keep all near-duplicates. They stay on the same side of the
      split all the same.
  """

  faces: str
  resolution: Annotated[int, pydantic.Field(ge=4, le=4096)] = 256
  template: alignment.Template = alignment.Template()
  margin: Annotated[float, pydantic.Field(ge=0, le=LARGEST_MARGIN)] = 0.3
  padding: Literal['reflect', 'blur'] = 'blur'
  background: str = 'keep'
  smallest_side: _Positive = 48
  smallest_face: _Positive = 32
  largest_roll: Annotated[float, pydantic.Field(gt=0, le=180)] | None = 60.0
  least_inside: Annotated[float, pydantic.Field(ge=0, le=1)] = 0.75
  most_faces: _Positive | None = None
  blur: Annotated[float, pydantic.Field(ge=0)] = 0.15
  uniform: Annotated[float, pydantic.Field(gt=0, le=1)] = 0.95
  duplicate_distance: Annotated[int, pydantic.Field(ge=0, le=50)] = 10
  keep_duplicates: bool = False

  @pydantic.field_validator('background')
  @classmethod
  def _check_background(
    cls, value: str, others: pydantic.ValidationInfo
  ) -> str:
    background = backgrounds.parse(value)
    if 'faces' in others.data:
      backgrounds.check(background, others.data['faces'])
    return background

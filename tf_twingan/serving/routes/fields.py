"""Fields of forms that several routes take, and the router of such routes."""

from typing import Annotated

from tf_twingan import extras
from tf_twingan.serving import forms

with extras.needed('serve'):
  import fastapi

Image = Annotated[fastapi.UploadFile, fastapi.File()]
Model = Annotated[str | None, fastapi.Form()]
Source = Annotated[
  str | None,
  fastapi.Form(description='The domain of the image; by default the first.'),
]


def router() -> fastapi.APIRouter:
  """Routes below `/v1` that take an image in a form."""
  return fastapi.APIRouter(
    prefix='/v1', tags=['images'], route_class=forms.FormRoute
  )

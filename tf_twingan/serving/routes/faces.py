"""`POST /v1/faces`: where the faces of a photo are."""

from typing import Any

from tf_twingan import extras
from tf_twingan.serving import service, translation
from tf_twingan.serving.routes import examples, fields

with extras.needed('serve'):
  import fastapi

_EXAMPLE = {
  'width': 640,
  'height': 480,
  'model': 'avatar_twins',
  'source': 'photo',
  'faces': [
    {
      'box': [210.5, 96.0, 340.2, 231.7],
      'corners': [[180.0, 60.0], [370.0, 60.0], [370.0, 250.0], [180.0, 250.0]],
    }
  ],
}


def router(served: service.Service) -> fastapi.APIRouter:
  """The route."""
  routes = fields.router()

  @routes.post('/faces', responses=examples.of(_EXAMPLE))
  async def faces(
    image: fields.Image,
    model: fields.Model = None,
    source: fields.Source = None,
  ) -> dict[str, Any]:
    """The faces of a photo, the largest first, in px of the upright photo.

    `box` is the face: left, top, right, bottom; `corners` are those of the
    square that is translated. `POST /v1/translate` with `face=0` translates the
    first one.
    """
    chosen = served.models.find(model)
    domain = chosen.domain(source)
    found, (width, height) = await translation.find_faces(
      served, await image.read(), chosen, domain
    )
    return {
      'width': width,
      'height': height,
      'model': chosen.name,
      'source': domain,
      'faces': [face._asdict() for face in found],
    }

  return routes

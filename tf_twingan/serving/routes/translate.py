"""`POST /v1/translate`: an image, translated to another domain."""

import base64
from typing import Annotated, Any, Literal

from tf_twingan import extras
from tf_twingan.serving import problems, service, translation
from tf_twingan.serving.routes import fields

with extras.needed('serve'):
  import fastapi

_ANSWERS: dict[int | str, dict[str, Any]] = {
  200: {
    'content': {
      'image/png': {'schema': {'type': 'string', 'format': 'binary'}},
      'application/json': {
        'schema': {'type': 'object'},
        'example': {
          'image': 'iVBORw0KGgo...',
          'model': 'avatar_twins',
          'version': 1,
          'source': 'photo',
          'to': 'anime',
          'width': 32,
          'height': 32,
          'faces': None,
          'tile': None,
        },
      },
    },
    'description': 'The result, as PNG, or with `Accept: application/json` as '
    'JSON.',
  }
}


def router(served: service.Service) -> fastapi.APIRouter:
  """The route."""
  routes = fields.router()

  @routes.post(
    '/translate', response_class=fastapi.Response, responses=_ANSWERS
  )
  async def translate(
    request: fastapi.Request,
    image: Annotated[
      fastapi.UploadFile, fastapi.File(description='A JPEG, PNG or WebP file.')
    ],
    to: Annotated[
      str,
      fastapi.Form(
        description='The domain to translate to.', examples=['anime']
      ),
    ],
    model: Annotated[
      str | None,
      fastapi.Form(
        description='By default the first model.', examples=['avatar_twins']
      ),
    ] = None,
    source: Annotated[
      str | None,
      fastapi.Form(
        description='The domain of the image, if not the other one.',
        examples=['photo'],
      ),
    ] = None,
    faces: Annotated[
      Literal['all', 'largest', 'none'] | None,
      fastapi.Form(
        description='Translate the whole photo: its faces, or by tiles. '
        'Without it, the result is the one square that the model takes.',
        examples=['all'],
      ),
    ] = None,
    face: Annotated[
      int | None,
      fastapi.Form(
        ge=0, description='Only this face, as /v1/faces lists them.'
      ),
    ] = None,
  ) -> fastapi.Response:
    """Translates an image; the same image always gives the same bytes."""
    chosen = served.models.find(model)
    source, to = chosen.direction(to, source)
    if faces is not None and face is not None:
      raise problems.ClientError(
        422,
        'invalid_request',
        f'faces={faces} and face={face} both say which faces to translate; '
        'send one of them.',
      )
    asked = translation.Asked(chosen, source, to, faces, face)
    result = await translation.translate(served, await image.read(), asked)
    if 'application/json' in request.headers.get('accept', ''):
      return fastapi.responses.JSONResponse(_as_json(result))
    return fastapi.Response(result.png, media_type='image/png')

  return routes


def _as_json(result: translation.Translation) -> dict:
  return {
    'image': base64.b64encode(result.png).decode(),
    'model': result.model.name,
    'version': result.model.version,
    'source': result.source,
    'to': result.to,
    'width': result.size[0],
    'height': result.size[1],
    'faces': result.faces and [face._asdict() for face in result.faces],
    'tile': result.tile,
  }

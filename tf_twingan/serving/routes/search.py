"""`POST /v1/search`: images of the server's index that look like one."""

from typing import Annotated, Any, Literal

from tf_twingan import errors, extras
from tf_twingan.serving import problems, service
from tf_twingan.serving.routes import examples, fields

with extras.needed('serve'):
  import fastapi

_EXAMPLE = {
  'source': 'photo',
  'neighbours': [
    {
      'name': '17.png',
      'domain': 'anime',
      'distance': 0.1234,
      'thumbnail': 'iVBORw0KGgo...',
    }
  ],
}


def router(served: service.Service) -> fastapi.APIRouter:
  """The route."""
  routes = fields.router()

  @routes.post('/search', responses=examples.of(_EXAMPLE))
  async def search(
    image: fields.Image,
    source: Annotated[
      str | None,
      fastapi.Form(
        description='The domain of the image; by default the first one that '
        'the index has no images of.'
      ),
    ] = None,
    k: Annotated[
      int,
      fastapi.Form(
        ge=1,
        le=served.limits.max_neighbours,
        description='How many neighbours to find.',
      ),
    ] = 5,
    by: Annotated[
      Literal['own', 'translation', 'fused'],
      fastapi.Form(description='Which codes of the image to search by.'),
    ] = 'fused',
    thumbnails: Annotated[
      bool, fastapi.Form(description='Whether to send the images found.')
    ] = True,
  ) -> dict[str, Any]:
    """The nearest images of the index, the nearest first.

    `distance` is 1 - cosine, from 0 to 2; `thumbnail` is a PNG in base64.
    """
    if served.index is None:
      raise problems.ClientError(
        404,
        'no_index',
        'This server has no index to search; start it with --index=DIR.',
      )
    index = served.index
    content = await image.read()
    try:
      domain = index.domain(source)
    except ValueError as error:
      raise problems.ClientError(
        422, 'unknown_domain', errors.first_line(error)
      ) from None

    async def find() -> list[dict[str, Any]]:
      square = await served.square(index, content, domain)
      (found,) = await served.batcher.run(
        index.query(domain, k=k, by=by), square[None]
      )
      return await served.threads.go_on(
        index.describe, found, thumbnails=thumbnails
      )

    return {
      'source': domain,
      'neighbours': await served.in_time(find()),
    }

  return routes

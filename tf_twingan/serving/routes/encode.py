"""`POST /v1/encode`: the content code of an image, as numbers."""

from typing import Any

import numpy as np

from tf_twingan import extras
from tf_twingan.serving import problems, service
from tf_twingan.serving.routes import examples, fields

with extras.needed('serve'):
  import fastapi

_EXAMPLE = {
  'embedding': [0.0123, -1.532, 0.8841],
  'model': 'avatar_twins',
  'version': 1,
  'fingerprint': '47c3bc731d5adb8b...',
  'source': 'photo',
}


def router(served: service.Service) -> fastapi.APIRouter:
  """The route."""
  routes = fields.router()

  @routes.post('/encode', responses=examples.of(_EXAMPLE))
  async def encode(
    image: fields.Image,
    model: fields.Model = None,
    source: fields.Source = None,
  ) -> dict[str, Any]:
    """The content code of an image, averaged over its 4x4 places.

    Codes of two images compare only if `fingerprint` is the same.
    """
    chosen = served.models.find(model)
    if not chosen.encodes:
      raise problems.ClientError(
        422,
        'not_supported',
        f'The model {chosen.name} has no content code, as exported models and '
        'CycleGAN have none; name another one.',
      )
    domain = chosen.domain(source)
    content = await image.read()

    async def code() -> np.ndarray:
      square = await served.square(chosen, content, domain)
      (found,) = await served.batcher.run(chosen.encoding(domain), square[None])
      return found.mean(axis=(0, 1))

    found = await served.in_time(code())
    return {
      'embedding': [float(f'{number:.7g}') for number in found],
      'model': chosen.name,
      'version': chosen.version,
      'fingerprint': chosen.fingerprint,
      'source': domain,
    }

  return routes

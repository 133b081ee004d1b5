"""`/healthz` and `/readyz`, for whatever watches the server."""

from typing import Any

from tf_twingan import extras
from tf_twingan.serving import problems, service

with extras.needed('serve'):
  import fastapi


def router(served: service.Service) -> fastapi.APIRouter:
  """The routes."""
  routes = fastapi.APIRouter(tags=['health'])

  @routes.get('/healthz')
  async def healthz() -> dict[str, str]:
    """Whether the process runs."""
    return {'status': 'ok'}

  @routes.get('/readyz')
  async def readyz() -> dict[str, Any]:
    """Whether it answers at once: status 503 until each model was tried.

    And while a model server is away. `refused` lists new versions of models
    that failed; the versions before them are served on.
    """
    if served.has_failed:
      raise problems.ClientError(
        503,
        'model_failed',
        "A model fails on every image; the server's log says why.",
      )
    if not served.is_ready:
      raise problems.ClientError(
        503,
        'not_ready',
        'The models are being loaded; ask again in a moment.',
        {'Retry-After': '1'},
      )
    if served.problem:
      raise problems.ClientError(
        503, 'model_unavailable', served.problem, {'Retry-After': '1'}
      )
    refused = [
      {'model': model.name, **found._asdict()}
      for model in served.models
      if (found := served.refused(model.name))
    ]
    return {'status': 'ready', **({'refused': refused} if refused else {})}

  return routes

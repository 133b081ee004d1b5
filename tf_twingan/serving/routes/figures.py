"""`/metrics`, for Prometheus."""

from tf_twingan import extras
from tf_twingan.serving import metrics, service

with extras.needed('serve'):
  import fastapi


def router(served: service.Service) -> fastapi.APIRouter:
  """The route."""
  routes = fastapi.APIRouter(tags=['health'])

  @routes.get(
    '/metrics',
    response_class=fastapi.responses.PlainTextResponse,
  )
  async def text() -> fastapi.Response:
    """Requests, batches, queues and memory, as Prometheus reads them."""
    for model in served.models:
      served.metrics.set_version(model.name, model.version)
    return fastapi.Response(
      served.metrics.text(), media_type=metrics.CONTENT_TYPE
    )

  return routes

"""The application: routes, middlewares and lifespan around a `Service`."""

import contextlib
from collections.abc import Sequence
from typing import Any

from tf_twingan import extras, provenance
from tf_twingan.serving import (
  models,
  problems,
  protection,
  service,
  settings,
  versions,
)
from tf_twingan.serving.routes import (
  domains,
  encode,
  faces,
  figures,
  health,
  page,
  predict,
  search,
  translate,
)

with extras.needed('serve'):
  import fastapi

_ROUTES = (
  *(health, figures, domains, translate, faces, encode, search, predict),
  page,
)


def create(
  models: models.Models,
  settings: settings.Settings,
  index: Any = None,
  watched: Sequence[versions.Watched] = (),
) -> fastapi.FastAPI:
  """Makes the application.

  Args:
    models: the models to serve.
    settings: limits and choices.
    index: what `/v1/search` looks in; None if there is nothing.
    watched: those of the models that new versions take the place of.
  """
  served = service.Service(models, settings, index, watched)

  @contextlib.asynccontextmanager
  async def lifespan(app):
    del app
    await served.start()
    yield
    await served.close()

  app = fastapi.FastAPI(
    title='tf_twingan',
    version=provenance.version(),
    summary='Translates images between the domains of trained models.',
    lifespan=lifespan,
    # Their pages load scripts from elsewhere.
    docs_url=None,
    redoc_url=None,
  )
  app.state.service = served
  for route in _ROUTES:
    app.include_router(route.router(served), responses=problems.documented())
  protection.install(app, settings, served.metrics)
  return app

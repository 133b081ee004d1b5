"""All middlewares of a server, in their order."""

from tf_twingan import extras
from tf_twingan.serving import (
  access,
  body_limit,
  metrics,
  problems,
  rate_limit,
  response_headers,
  settings,
)

with extras.needed('serve'):
  import fastapi
  from fastapi.middleware import cors


def install(
  app: fastapi.FastAPI, limits: settings.Settings, figures: metrics.Metrics
) -> None:
  """Puts an application behind its middlewares.

  Args:
    app: the application.
    limits: its settings.
    figures: where requests are counted.
  """
  problems.install(app)
  layers: list[tuple[type, dict]] = [
    (metrics.Observed, {'metrics': figures}),
    # What the others refuse has these headers, too.
    (response_headers.ResponseHeaders, {}),
    (problems.CatchAll, {}),
    (access.Hosts, {'limits': limits}),
  ]
  if limits.cors_origins:
    layers.append(
      (
        cors.CORSMiddleware,
        {
          'allow_origins': limits.cors_origins,
          'allow_methods': ('GET', 'POST'),
          'allow_headers': ('Authorization', 'Content-Type', 'X-Request-Id'),
          'expose_headers': ('Retry-After', 'X-Request-Id'),
        },
      )
    )
  layers += [
    (rate_limit.RateLimit, {'limits': limits}),
    (access.Token, {'limits': limits}),
    (body_limit.BodyLimit, {'limits': limits}),
  ]
  # The last one that is added is the outermost.
  for kind, options in reversed(layers):
    app.add_middleware(kind, **options)

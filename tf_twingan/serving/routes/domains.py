"""`GET /v1/domains`: which models there are, and what each can do."""

from typing import Any

from tf_twingan import extras
from tf_twingan.serving import models, service
from tf_twingan.serving.routes import examples

with extras.needed('serve'):
  import fastapi

_EXAMPLE = {
  'models': [
    {
      'name': 'avatar_twins',
      'version': 1,
      'fingerprint': '47c3bc731d5adb8b...',
      'resolution': 32,
      'domains': ['photo', 'anime'],
      'directions': [{'source': 'photo', 'to': 'anime'}],
      'abilities': {
        'encode': True,
        'faces': ['photo'],
        'style': False,
        'strength': False,
        'attributes': [],
      },
    }
  ],
  'default': 'avatar_twins',
  'search': False,
  'limits': {
    'max_body_bytes': 20_000_000,
    'max_pixels': 40_000_000,
    'max_neighbours': 100,
  },
}


def router(served: service.Service) -> fastapi.APIRouter:
  """The route."""
  routes = fastapi.APIRouter(prefix='/v1', tags=['models'])

  @routes.get('/domains', responses=examples.of(_EXAMPLE))
  async def domains() -> dict[str, Any]:
    """The models, their domains and abilities, and the server's limits."""
    limits = served.limits
    return {
      'models': [describe(model) for model in served.models],
      'default': served.models.default.name,
      'search': served.index is not None,
      'limits': {
        'max_body_bytes': limits.max_body_bytes,
        'max_pixels': limits.max_pixels,
        'max_neighbours': limits.max_neighbours,
      },
    }

  return routes


def describe(model: models.ServedModel) -> dict[str, Any]:
  """What the page and programs need to know of a model."""
  return {
    'name': model.name,
    'version': model.version,
    'fingerprint': model.fingerprint,
    'resolution': model.resolution,
    'domains': list(model.domains),
    'directions': [
      {'source': source, 'to': to} for source, to in model.directions
    ],
    'framings': {d: _framing(model, d) for d in model.domains},
    'abilities': {
      'encode': model.encodes,
      # Domains in whose photos faces are found.
      'faces': [d for d in model.domains if model.finds_faces(d)],
      # Those that models do not have yet.
      'style': False,
      'strength': False,
      'attributes': [],
    },
  }


def _framing(model: models.ServedModel, domain: str) -> dict[str, Any]:
  """How images of a domain become the square that the model takes."""
  framing = model.translator.framing_of(domain)
  return {
    'crop': framing.crop,
    'fit': framing.fit,
    # Whether it is a face, found and aligned.
    'prepared': framing.preparation is not None,
  }

"""`/v1/models/NAME`: as TensorFlow Serving answers, errors as well.

So a client of a model server, or the example in a bundle's README, works with
either. `/v1/models/NAME/versions/VERSION` asks for one version.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from tf_twingan import extras, photo_files, provenance
from tf_twingan.serving import (
  models,
  predictions,
  problems,
  service,
  uploads,
  versions,
)

with extras.needed('serve'):
  import fastapi

_EXAMPLE = {
  'requestBody': {
    'required': True,
    'content': {
      'application/json': {
        'schema': {'type': 'object'},
        'example': {'instances': [{'b64': 'iVBORw0KGgo...'}]},
      }
    },
  }
}


def router(served: service.Service) -> fastapi.APIRouter:
  """The routes."""
  routes = fastapi.APIRouter(
    prefix='/v1/models',
    tags=['TensorFlow Serving'],
    # A sentence here; an object is of what all routes share.
    responses=problems.documented({'type': ['string', 'object']}),
  )

  @routes.post('/{name}:predict', openapi_extra=_EXAMPLE)
  async def predict(name: str, request: fastapi.Request) -> fastapi.Response:
    """Translates images, or arrays of numbers, by `signature_name`."""
    return await answer(name, None, request)

  @routes.post('/{name}/versions/{version}:predict', openapi_extra=_EXAMPLE)
  async def predict_by_version(
    name: str, version: str, request: fastapi.Request
  ) -> fastapi.Response:
    """The same, by one version of the model."""
    return await answer(name, version, request)

  @routes.get('/{name}')
  async def status(name: str) -> fastapi.Response:
    """Which version is there, and the newest one if it is refused."""
    return about(name, None, status_of)

  @routes.get('/{name}/versions/{version}')
  async def status_of_version(name: str, version: str) -> fastapi.Response:
    """Whether a version is there."""
    return about(name, version, status_of)

  @routes.get('/{name}/metadata')
  async def metadata(name: str) -> fastapi.Response:
    """The signatures of a model."""
    return about(name, None, predictions.metadata)

  @routes.get('/{name}/versions/{version}/metadata')
  async def metadata_of_version(name: str, version: str) -> fastapi.Response:
    """The signatures of a version."""
    return about(name, version, predictions.metadata)

  async def answer(
    name: str, version: str | None, request: fastapi.Request
  ) -> fastapi.Response:
    try:
      model = find(name, version)
      body = await request.body()
      content = await served.in_time(_predict(served, model, body))
    except predictions.BadRequest as error:
      return _error(error.status, str(error))
    except problems.ClientError as error:
      return _error(error.status, str(error), error.headers)
    return fastapi.Response(content, media_type='application/json')

  def about(name: str, version: str | None, describe: Any) -> fastapi.Response:
    try:
      return fastapi.responses.JSONResponse(describe(find(name, version)))
    except predictions.BadRequest as error:
      return _error(error.status, str(error))

  def status_of(model: models.ServedModel) -> dict[str, Any]:
    return _status(model, served.refused(model.name))

  def find(name: str, version: str | None) -> models.ServedModel:
    try:
      model = served.models.find(name)
    except problems.ClientError:
      model = None
    if model is None or version not in (None, str(model.version)):
      which = f'Latest({name})' if version is None else f'{name}, {version}'
      if version is not None:
        which = f'Specific({which})'
      raise predictions.BadRequest(
        f'Servable not found for request: {which}', 404
      )
    return model

  return routes


def _error(
  status: int, message: str, headers: Any = None
) -> fastapi.responses.JSONResponse:
  return fastapi.responses.JSONResponse({'error': message}, status, headers)


def _status(
  model: models.ServedModel, refused: versions.Refused | None
) -> dict[str, Any]:
  described = [_version_status(str(model.version), 'AVAILABLE', 'OK', '')]
  if refused:
    described.append(
      _version_status(
        refused.version, 'END', 'FAILED_PRECONDITION', refused.reason
      )
    )
  return {'model_version_status': described}


def _version_status(
  version: str, state: str, code: str, message: str
) -> dict[str, Any]:
  return {
    'version': version,
    'state': state,
    'status': {'error_code': code, 'error_message': message},
  }


async def _predict(
  served: service.Service, model: models.ServedModel, body: bytes
) -> bytes:
  """The body of the answer, JSON."""
  asked = await served.threads.run(
    predictions.parse, body, model, served.limits.max_images
  )
  if asked.signature.kind == predictions.IMAGE_BYTES:
    return await _predict_files(served, model, asked)
  return await _predict_numbers(served, model, asked)


async def _predict_files(
  served: service.Service, model: models.ServedModel, asked: predictions.Request
) -> bytes:
  threads, (_, _, source, to) = served.threads, asked.signature
  squares, errors = await threads.go_on(_read_all, served, model, asked)
  translated = await served.batcher.run(
    model.translation(source, to), np.asarray(squares)
  )
  return await threads.go_on(
    _answer_files, model, errors, translated, asked.by_rows
  )


async def _predict_numbers(
  served: service.Service, model: models.ServedModel, asked: predictions.Request
) -> bytes:
  _, output, source, to = asked.signature
  work = model.embedding
  if output == predictions.TRANSLATION:
    work = model.float_translation(source, to)
  assert work is not None  # Or there were no such signature.
  results = await served.batcher.run(work, asked.values)

  def finish() -> bytes:
    answer = predictions.answer_numbers(np.stack(results), asked.by_rows)
    return json.dumps(answer).encode()

  return await served.threads.go_on(finish)


def _read_all(
  served: service.Service,
  model: models.ServedModel,
  asked: predictions.Request,
) -> tuple[list[np.ndarray], list[str]]:
  """The squares of files, and for each file why it has none, or ''."""
  squares, errors = [], []
  for content in asked.values:
    try:
      uploads.check(content, served.limits)
      with uploads.readable():
        squares.append(model.read_framed(content, asked.signature.source))
      errors.append('')
    except problems.ClientError as error:
      errors.append(str(error))
  return squares, errors


def _answer_files(
  model: models.ServedModel,
  errors: list[str],
  translated: Sequence[np.ndarray],
  by_rows: bool,
) -> bytes:
  left = iter(translated)
  origin = model.provenance(provenance.WHOLE)
  results = [
    (b'', error)
    if error
    else (photo_files.encode(next(left), origin=origin), '')
    for error in errors
  ]
  return json.dumps(predictions.answer_files(results, by_rows)).encode()

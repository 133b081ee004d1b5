"""`/` and `/page/...`: the page, from files of the package.

All of them are read when the server starts, so that no request reaches the
disk and no address names a file that is not there.
"""

import hashlib
import pathlib

from tf_twingan import extras
from tf_twingan.serving import problems, service

with extras.needed('serve'):
  import fastapi

FOLDER = pathlib.Path(__file__).resolve().parent.parent / 'page'
_INDEX = 'index.html'
# Where a system's own table has none, or another one.
_TYPES = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webp': 'image/webp',
}


def router(served: service.Service) -> fastapi.APIRouter:
  """The routes."""
  del served
  files = {
    path.relative_to(FOLDER).as_posix(): path.read_bytes()
    for path in sorted(FOLDER.rglob('*'))
    if path.is_file() and path.suffix in _TYPES
  }
  tags = {
    name: f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    for name, content in files.items()
  }
  routes = fastapi.APIRouter(include_in_schema=False)

  @routes.api_route('/', methods=['GET', 'HEAD'])
  async def index(request: fastapi.Request) -> fastapi.Response:
    return send(_INDEX, request)

  @routes.api_route('/page/{name:path}', methods=['GET', 'HEAD'])
  async def file(name: str, request: fastapi.Request) -> fastapi.Response:
    return send(name, request)

  def send(name: str, request: fastapi.Request) -> fastapi.Response:
    if name not in files:
      raise problems.ClientError(
        404, 'not_found', 'There is no such page; the address / has one.'
      )
    headers = {'ETag': tags[name], 'Cache-Control': 'no-cache'}
    if request.headers.get('if-none-match') == tags[name]:
      return fastapi.Response(status_code=304, headers=headers)
    kind = _TYPES[pathlib.PurePosixPath(name).suffix]
    return fastapi.Response(files[name], media_type=kind, headers=headers)

  return routes

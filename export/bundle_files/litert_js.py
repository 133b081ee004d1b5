"""LiteRT.js, which runs TFLite files in browsers: its version, and its files.

It is not part of this project. A page loads it from a public host, or from its
own folder if an npm install of it is copied there, and the browser compares
every file with the checksums here before it runs.
"""

import base64
import hashlib
import json
import os
import pathlib
import types
from collections.abc import Mapping

from tf_twingan import errors, plain_names

PACKAGE, VERSION = '@litertjs/core', '2.5.3'
# A public host of npm packages, with a slash at the end.
URL = f'https://cdn.jsdelivr.net/npm/{PACKAGE}@{VERSION}/'
# {file: checksum, as in a script's attribute `integrity`}. Browsers without
# relaxed SIMD need the compatible build; threads and JSPI need headers that a
# plain file host does not send, or a flag.
INTEGRITY: Mapping[str, str] = types.MappingProxyType(
  {
    'dist/index.js': 'sha384-'
    'MapSVJ/DPwvaWpp7q+Bid9O3uY1oB0KOU1QRMP+Mm5zdz5oMme/BUyX6dVAMWnPg',
    'wasm/litert_wasm_internal.js': 'sha384-'
    'NB/Wc4iozynQO5jzJ2VFoMKbqMvwwFGWxJL/o63IJT6W2JfZbsSLxA2cF6H/mLpQ',
    'wasm/litert_wasm_internal.wasm': 'sha384-'
    'AZ/Ak4CbDpjqpSr8WsnoL3Dcx6bDFA/k9b/jahok1TGHZ2OqIRjLBMiEmiNedhlC',
    'wasm/litert_wasm_compat_internal.js': 'sha384-'
    'oh4nb8zDq6eVOpGeZE5gwDOJ16QujHLL8k/HEXt3XiPxr+8zn3YnkXP8P3BlJET1',
    'wasm/litert_wasm_compat_internal.wasm': 'sha384-'
    'glAZ6WjS7tLRt89pbTPXvLC1c7DCaVSfL2ngn5gZJiUuPs76fWYJy7ZeFaD0PJXx',
  }
)
_INSTALL = f'`npm install {PACKAGE}@{VERSION}`'
_PLACES = ('', f'node_modules/{PACKAGE}', PACKAGE)


def integrity(content: bytes) -> str:
  """The checksum of a file, as in a script's attribute `integrity`."""
  digest = hashlib.sha384(content).digest()
  return 'sha384-' + base64.b64encode(digest).decode()


def read(folder: str | os.PathLike) -> dict[str, bytes]:
  """Reads the files of an npm install.

  Args:
    folder: where npm installed the package, or the package's own folder.

  Returns:
    {path, as in `INTEGRITY`: content}, and the package's description.

  Raises:
    FileNotFoundError: the package is not there, or lacks a file.
    ValueError: it is another version, or a file was changed.
  """
  package = _find(folder)
  description = (package / 'package.json').read_bytes()
  version = _field(description, 'version')
  if version != VERSION:
    raise ValueError(
      f'{package} is {PACKAGE} {errors.printable(str(version))}, but the page '
      f'is made for {VERSION}; run {_INSTALL} there.'
    )
  contents = {'package.json': description}
  for path, checksum in INTEGRITY.items():
    location = plain_names.inside(package, path)
    if not location.is_file():
      raise FileNotFoundError(
        f'{package} lacks {path}; run {_INSTALL} there again.'
      )
    contents[path] = location.read_bytes()
    if integrity(contents[path]) != checksum:
      raise ValueError(
        f'{location} is not the file of {PACKAGE} {VERSION}, but a changed '
        f'one; run {_INSTALL} in an empty folder.'
      )
  return contents


def _find(folder: str | os.PathLike) -> pathlib.Path:
  for place in _PLACES:
    package = pathlib.Path(folder, place)
    description = package / 'package.json'
    if description.is_file():
      if _field(description.read_bytes(), 'name') == PACKAGE:
        return package
  raise FileNotFoundError(
    f'{folder} holds no {PACKAGE}; run {_INSTALL} in a folder, and give that '
    'folder as --litert_js.'
  )


def _field(description: bytes, name: str) -> object:
  try:
    return json.loads(description).get(name)
  except (ValueError, AttributeError):  # No JSON, or no object.
    return None

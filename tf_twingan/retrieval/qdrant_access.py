"""Addresses of Qdrant servers, and the key that a server asks for.

The key comes from the environment and goes nowhere but into the header of a
request: it is in no file, no message and no history of a shell.
"""

import ipaddress
import os
import urllib.parse

KEY = 'QDRANT_API_KEY'


def check_address(url: str) -> str:
  """The address of a server with its scheme, which is http if it names none.

  Raises:
    ValueError: it is no address, or holds a user's name or password, which
      would be stored with it.
  """
  address = url if '://' in url else f'http://{url}'
  try:
    parts = urllib.parse.urlsplit(address)
    parts.port  # noqa: B018 (raises if it is no number)
  except ValueError as error:
    raise _no_address(url, str(error)) from None
  if '@' in parts.netloc:
    # Without the address, as that is the secret.
    raise ValueError(
      'The address of a Qdrant server must hold no user and no password, as '
      f'it is stored in the index; put the key into the variable {KEY}.'
    )
  if parts.query or parts.fragment:
    raise ValueError(
      'The address of a Qdrant server must end before "?" and "#", as it is '
      f'stored in the index; put the key into the variable {KEY}.'
    )
  if parts.scheme not in ('http', 'https') or not parts.hostname:
    raise _no_address(url, 'it begins with neither http:// nor https://')
  return address


def key_for(address: str) -> str | None:
  """The key to send to a server; None if the environment holds none.

  Args:
    address: what `check_address` returned.

  Raises:
    ValueError: it would be sent unencrypted to another machine, or has
      characters that no key has.
  """
  key = os.environ.get(KEY, '').strip()
  if not key:
    return None
  if not (key.isascii() and key.isprintable()):
    raise ValueError(
      f'The variable {KEY} holds characters that no key has; set it anew.'
    )
  parts = urllib.parse.urlsplit(address)
  if parts.scheme != 'https' and not _is_this_machine(parts.hostname or ''):
    raise ValueError(
      f'{KEY} is set, and {address} would send it unencrypted; write '
      f'https://{parts.netloc}, or unset the variable for a server that needs '
      'no key.'
    )
  return key


def without_key(message: str) -> str:
  """A message without the key, in case that the server sent it back."""
  key = os.environ.get(KEY, '').strip()
  return message.replace(key, f'[{KEY}]') if key else message


def _is_this_machine(host: str) -> bool:
  if host == 'localhost':
    return True
  try:
    return ipaddress.ip_address(host).is_loopback
  except ValueError:
    return False


def _no_address(url: str, why: str) -> ValueError:
  return ValueError(
    f'{url!r} is no address of a server ({why}); write http://localhost:6333.'
  )

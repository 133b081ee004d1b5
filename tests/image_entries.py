"""Entries of a folder that are named like images and are odd."""

import os
import pathlib
import shutil
import socket

from PIL import Image

# Two of the entries can be read: odd names alone do no harm.
READABLE = 2


def make_odd(folder: pathlib.Path) -> dict[str, str]:
  """Makes one entry of every odd kind.

  Among them are `READABLE` images, of which only the names are odd.

  Args:
    folder: exists.

  Returns:
    The reason why it cannot be read by the name of each other entry.
  """
  os.mkfifo(folder / 'fifo.png')
  (folder / 'fifo link.png').symlink_to(folder / 'fifo.png')
  (folder / 'device.png').symlink_to('/dev/zero')
  (folder / 'dangling.png').symlink_to('/nowhere/x.png')
  (folder / 'loop.png').symlink_to(folder / 'loop.png')
  (folder / 'empty.png').touch()
  (folder / 'text \x1b[2J.png').write_text('hello')
  where = os.getcwd()
  # The path of a socket may not be long.
  os.chdir(folder)
  with socket.socket(socket.AF_UNIX) as server:
    server.bind('socket.png')
  os.chdir(where)
  Image.new('RGB', (20, 20)).save(folder / f'{"a" * 250}.png')
  os.symlink('dangling.png', os.fsencode(folder) + b'/\xff.png')
  shutil.copy(
    folder / f'{"a" * 250}.png', os.fsencode(folder) + b'/caf\xe9.png'
  )
  unknown = (
    'not an image in a known format, or damaged at its start (known: JPEG, '
    'PNG, WEBP, GIF, BMP, TIFF, PPM, AVIF, HEIC)'
  )
  return {
    'fifo.png': 'no regular file but a FIFO',
    'fifo link.png': 'no regular file but a FIFO',
    'socket.png': 'no regular file but a socket',
    'device.png': 'no regular file but a device',
    'dangling.png': 'a link to a file that does not exist',
    'loop.png': 'a link that leads back to itself',
    'empty.png': 'an empty file',
    'text \x1b[2J.png': unknown,
    '\udcff.png': 'a link to a file that does not exist',
  }

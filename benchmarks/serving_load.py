r"""A server under load: speed, right answers, refusals and memory.

  python -m benchmarks.serving_load
  python -m benchmarks.serving_load --minutes=1 --clients=16

Starts `tf_twingan.serve` on a free port of this machine, asks it for the
translation of each image once, one after another, and then lets many clients
ask for them at random, of whose requests a tenth holds corrupt files. Every
answer must have the bytes that it had before; every corrupt file must be
refused. Beside that stand the model alone, which translates the same squares in
batches, and the same with reading each image and writing each result, as much
work as the server's but for HTTP. Both are measured before and after the
server, in a process of their own, and the mean counts; the clients run on the
same processors as the server. --record writes the tables to a JSON file.

It fails if an answer was wrong, if a good request was not answered, a corrupt
one not refused, or if there was any status 5xx.
"""

import asyncio
import contextlib
import io
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import numpy as np
from absl import flags
from PIL import Image

from benchmarks import load_clients, measurements
from tf_twingan import cli

_MODEL = flags.DEFINE_string(
  'model', 'avatar_twins', 'A model that ships with the package.'
)
_TO = flags.DEFINE_string('to', 'anime', 'The domain to translate to.')
_CLIENTS = flags.DEFINE_integer('clients', 64, 'Clients at once.')
_CORRUPT = flags.DEFINE_float('corrupt', 0.1, 'Share of corrupt images.')
_MINUTES = flags.DEFINE_float('minutes', 5, 'How long the load lasts.')
_IMAGES = flags.DEFINE_integer('images', 256, 'Different images.')
_SIDE = flags.DEFINE_integer('side', 128, 'Their side, px.')
_ALONE = flags.DEFINE_float(
  'alone', 10, 'Seconds that each way without a server is measured, each time.'
)

_PATIENCE_S = 180
_BATCH = 32
_ADDRESS = re.compile(r'http://127\.0\.0\.1:(\d+)/')


def main(argv) -> None:
  """Prints the tables in Markdown."""
  cli.reject_arguments(argv)
  with cli.report_errors(), tempfile.TemporaryDirectory() as scratch:
    images = _make_images(_IMAGES.value, _SIDE.value)
    requests = [
      load_clients.post('/v1/translate', image, to=_TO.value)
      for image in images
    ]
    bad = [
      load_clients.Upload(
        load_clients.post('/v1/translate', image, to=_TO.value)
      )
      for image in _corrupt(images)
    ]
    before = _measure_alone(scratch, images)
    with _server(pathlib.Path(scratch, 'serve.log')) as (process, port):
      address = '127.0.0.1', port
      answers = asyncio.run(load_clients.sequential(address, requests))
      if any(status != 200 for status, _ in answers):
        raise ValueError(f'the server answers {answers[0][0]} to good images.')
      good = [
        load_clients.Upload(request, digest)
        for request, (_, digest) in zip(requests, answers)
      ]
      earlier = _batches(port)
      with _Memory(process.pid) as memory:
        report = asyncio.run(
          load_clients.together(
            address,
            good,
            bad,
            clients=_CLIENTS.value,
            bad_share=_CORRUPT.value,
            seconds=60 * _MINUTES.value,
          )
        )
      batches = np.subtract(_batches(port), earlier)
    after = _measure_alone(scratch, images)
    alone, files = np.mean([before, after], axis=0)
    tables = _tables(report, memory, float(alone), float(files))
    tables.append(_batch_table(*batches))
    measurements.save(
      tables,
      group='Serving',
      title='A server under load',
      what=f'{_CLIENTS.value} clients on the same processors ask the server '
      f'for translations of JPEGs of {_SIDE.value} px for '
      f'{_MINUTES.value:g} minutes; {_CORRUPT.value:.0%} of what they send is '
      'corrupt.',
    )
    if report.wrong or report.failed or report.server_errors:
      raise ValueError(
        f'{report.wrong} answers were wrong, {report.failed} requests failed, '
        f'and {report.server_errors} had a status of 500 or more.'
      )


def _tables(
  report: load_clients.Report, memory: '_Memory', alone: float, files: float
) -> list[measurements.Table]:
  """Prints and returns the tables."""
  answered = sum(report.statuses.values())
  speed = len(report.times) / report.seconds
  times = np.percentile(report.times or [np.nan], [50, 95, 99]) * 1e3
  speeds = measurements.PrintedTable(
    ['', 'images/s', 'requests/s', 'p50', 'p95', 'p99'], 'Speed'
  )
  speeds.add(
    f'server, {_CLIENTS.value} clients',
    f'{speed:.1f}',
    f'{answered / report.seconds:.1f}',
    *(f'{one:.0f} ms' for one in times),
  )
  none = ('', '', '', '')
  speeds.add(f'model alone, batches of {_BATCH}', f'{alone:.1f}', *none)
  speeds.add('model, images read and written', f'{files:.1f}', *none)
  speeds.add('server, of the model alone', f'{speed / alone:.0%}', *none)
  speeds.add('server, of both', f'{speed / files:.0%}', *none)
  results = measurements.PrintedTable(['', 'number'], 'Answers')
  for name, number in (
    ('right', len(report.times)),
    ('corrupt, refused by status 4xx', report.refused),
    ('of another image, or damaged', report.wrong),
    ('failed or not refused', report.failed),
    ('status 5xx', report.server_errors),
  ):
    results.add(name, f'{number:,}')
  used = measurements.PrintedTable(
    ['', 'after a tenth of the time', 'half', 'at the end', 'most'], 'Memory'
  )
  used.add('server', *(f'{one / 2**20:.0f} MiB' for one in memory.summary()))
  return [speeds.table, results.table, used.table]


def _batches(port: int) -> tuple[float, float]:
  """How many batches the server has computed, and how many images in them."""
  with urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics') as answer:
    text = answer.read().decode()
  numbers = [
    re.search(rf'(?m)^tf_twingan_batch_images_{name} (\S+)$', text)
    for name in ('count', 'sum')
  ]
  return tuple(float(found[1]) if found else 0.0 for found in numbers)


def _batch_table(batches: float, images: float) -> measurements.Table:
  """Prints and returns how large batches were."""
  printed = measurements.PrintedTable(['', 'number', 'images, mean'], 'Batches')
  printed.add('server', f'{batches:,.0f}', f'{images / max(batches, 1):.1f}')
  return printed.table


def _make_images(count: int, side: int) -> list[bytes]:
  """JPEGs with about the bytes of photographs: smooth, with some grain."""
  noise = np.random.default_rng(0)
  images = []
  for _ in range(count):
    coarse = noise.integers(0, 256, [8, 8, 3], np.uint8)
    image = Image.fromarray(coarse).resize((side, side), Image.BICUBIC)
    grain = noise.normal(0, 8, [side, side, 1])
    grainy = np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)
    content = io.BytesIO()
    Image.fromarray(grainy).save(content, 'JPEG', quality=90)
    images.append(content.getvalue())
  return images


def _corrupt(images: list[bytes]) -> list[bytes]:
  """Files that must be refused, of several kinds."""
  bomb = struct.pack('>IIBBBBB', 60_000, 60_000, 8, 2, 0, 0, 0)
  return [
    b'',
    b'not an image',
    bytes(10_000),
    b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR' + bomb + bytes(1000),
    *(image[: len(image) // 3] for image in images[:8]),
    *(image[:20] + bytes(len(image) - 20) for image in images[:4]),
  ]


@contextlib.contextmanager
def _server(log: pathlib.Path) -> Iterator[tuple[subprocess.Popen, int]]:
  """A server that is ready; yields its process and its port."""
  with open(log, 'w', encoding='utf-8') as errors:
    process = subprocess.Popen(
      [
        *(sys.executable, '-m', 'tf_twingan.serve'),
        *('--port=0', f'--model={_MODEL.value}'),
      ],
      stdout=subprocess.PIPE,
      stderr=errors,
      text=True,
    )
  assert process.stdout is not None
  try:
    found = None
    for line in process.stdout:
      found = _ADDRESS.search(line)
      if found:
        break
    if not found:
      lines = log.read_text('utf-8', 'replace').strip().splitlines() or ['']
      raise ValueError(f'the server does not start: {lines[-1]}')
    # What it prints later must not fill the pipe.
    threading.Thread(target=process.stdout.read, daemon=True).start()
    _wait_until_ready(found[0])
    yield process, int(found[1])
  finally:
    process.terminate()
    process.wait(_PATIENCE_S)


def _wait_until_ready(address: str) -> None:
  until = time.monotonic() + _PATIENCE_S
  while time.monotonic() < until:
    with contextlib.suppress(urllib.error.URLError):
      with urllib.request.urlopen(f'{address}readyz'):
        return
    time.sleep(0.2)
  raise ValueError(f'the server was not ready within {_PATIENCE_S} s.')


class _Memory:
  """Looks at the memory of a process every second, during a block."""

  def __init__(self, pid: int):
    self._status = pathlib.Path(f'/proc/{pid}/statm')
    self._sizes: list[int] = []
    self._end = threading.Event()
    self._thread = threading.Thread(target=self._look)

  def __enter__(self) -> '_Memory':
    self._thread.start()
    return self

  def __exit__(self, *_) -> None:
    self._end.set()
    self._thread.join()

  def _look(self) -> None:
    page = 4096
    while not self._end.wait(1):
      with contextlib.suppress(OSError):
        pages = int(self._status.read_text().split()[1])
        self._sizes.append(page * pages)

  def summary(self) -> list[float]:
    """Bytes after a tenth of the time, at half of it, at its end, and most."""
    sizes = self._sizes or [0]
    places = len(sizes) // 10, len(sizes) // 2, len(sizes) - 1
    return [*(sizes[place] for place in places), max(sizes)]


def _measure_alone(scratch: str, images: list[bytes]) -> tuple[float, float]:
  """Images/s of the model alone, and with reading and writing images."""
  folder = pathlib.Path(scratch, 'images')
  if not folder.exists():
    folder.mkdir()
    for number, image in enumerate(images):
      (folder / f'{number:06}.jpg').write_bytes(image)
  done = subprocess.run(
    [
      *(sys.executable, '-m', 'benchmarks.model_alone', f'--folder={folder}'),
      *(f'--model={_MODEL.value}', f'--to={_TO.value}'),
      *(f'--seconds={_ALONE.value}', f'--batch={_BATCH}'),
    ],
    stdout=subprocess.PIPE,
    text=True,
    check=False,
  )
  figures = re.findall(r'([\d.]+) images/s', done.stdout)
  if done.returncode or len(figures) != 2:
    raise ValueError('the model alone could not be measured; see above.')
  return float(figures[0]), float(figures[1])


if __name__ == '__main__':
  cli.run(main)

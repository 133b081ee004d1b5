"""All limits and choices of the server, in one place."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
  """What the server allows, and how it works; the defaults are the program's.

  Attributes:
    max_body_bytes: longest body of a request, bytes.
    max_pixels: most pixels of an image, by its header.
    max_images: most images in one request for predictions.
    max_faces: most faces that are translated of one photo.
    max_tiles: most tiles by which a whole photo is translated, 4 or more; of
      one that takes more of the model's resolution, each shows more.
    max_neighbours: most neighbours that a search may ask for.
    batch_sizes: numbers of images that the model is given at once, ascending;
      a batch is filled up to the next one. The first request of each size is
      slow, so there are few, and all are tried before the server is ready.
    max_waiting: most images that wait for the model; a request beyond is
      refused with status 429.
    deadline_s: longest time from when a request is whole to its answer,
      seconds; beyond it, the answer is status 504.
    retry_after_s: how soon a client that was refused may come again, seconds.
    image_threads: how many threads read images, find faces and write PNGs.
    max_image_work: most requests whose images wait for these threads; one
      beyond is refused with status 429.
    model_threads: how many batches are computed at once. One network uses all
      cores; a remote server may take several batches.
    drain_s: how long after the signal to stop requests that have already
      arrived are still taken, seconds.
    shutdown_s: how long requests that were accepted may take after the signal
      to stop, seconds; then the connections are closed.
    host: address that the server listens at. Where only this machine can reach
      it, it answers to the names of this machine alone.
    allowed_hosts: further names that it answers to, as in `Host`; with any, or
      on an address of this machine alone, no others.
    cors_origins: pages elsewhere that may use it, as `https://example.org`; '*'
      stands for all.
    trusted_proxies: addresses of proxies whose `X-Forwarded-For` is believed.
    requests_per_minute: most requests of one address to /v1/; 0 is no limit.
    max_bodies_bytes: bytes of all bodies that are being read or worked on.
    max_unread_bytes: bytes of all answers that clients have not read yet, as
      looked at every second; beyond, whoever has been reading for longest is
      disconnected.
    max_connections: most connections at once; the next one is answered by
      status 503.
    head_s: longest time for the head of a request, seconds.
    body_s: longest time for its body, seconds.
    write_s: a client that has read nothing of its answer for so long is gone,
      seconds.
    keep_alive_s: how long a connection waits for another request, seconds.
    poll_s: how often a folder or a model server is asked for a new version of
      its model, seconds; one that is seen twice is taken.
    remote_timeout_s: longest time that a batch takes at a model server, with
      all attempts, seconds.
    remote_attempts: how often a batch is sent, at most, while the server is
      not there or does not answer in its share of that time.
    remote_start_s: how long a model server may take to start, seconds.
    remote_message_bytes: largest message to or from a model server, bytes; a
      larger batch is sent in parts.
    breaker_failures: failures in a row after which a model server is left
      alone; requests are then answered by status 503 at once.
    breaker_open_s: how long it is left alone before it is tried again, seconds.
    token: what clients have to send as `Authorization: Bearer TOKEN`; None
      asks for nothing.
  """

  max_body_bytes: int = 20_000_000
  max_pixels: int = 40_000_000
  max_images: int = 64
  max_faces: int = 32
  max_tiles: int = 1024
  max_neighbours: int = 100
  batch_sizes: tuple[int, ...] = (1, 8, 32)
  max_waiting: int = 256
  deadline_s: float = 30.0
  retry_after_s: int = 1
  image_threads: int = 2
  max_image_work: int = 64
  model_threads: int = 1
  drain_s: float = 0.2
  shutdown_s: float = 60.0
  host: str = '127.0.0.1'
  allowed_hosts: tuple[str, ...] = ()
  cors_origins: tuple[str, ...] = ()
  trusted_proxies: tuple[str, ...] = ()
  requests_per_minute: float = 0
  max_bodies_bytes: int = 256_000_000
  max_unread_bytes: int = 256_000_000
  max_connections: int = 512
  head_s: float = 10.0
  body_s: float = 60.0
  write_s: float = 60.0
  keep_alive_s: int = 15
  poll_s: float = 5.0
  remote_timeout_s: float = 10.0
  remote_attempts: int = 3
  remote_start_s: float = 60.0
  remote_message_bytes: int = 64 * 2**20
  breaker_failures: int = 5
  breaker_open_s: float = 5.0
  token: str | None = dataclasses.field(default=None, repr=False)

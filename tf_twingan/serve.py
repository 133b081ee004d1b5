r"""Serves a page and an API that translate images.

  python -m tf_twingan.serve
  python -m tf_twingan.serve --run_dir=runs/anime --port=8080
  python -m tf_twingan.serve --bundle=bundles/anime --index=faces.index
  python -m tf_twingan.serve --tf_serving=localhost:8500 --bundle=bundles/anime

Without a model, it serves the one that ships with the package. The page is at
the address that it prints, and the API is described at /openapi.json:

  curl -F image=@portrait.jpg -F to=anime -o anime.png \
      localhost:8000/v1/translate

Only this computer can reach it, unless --host says otherwise. SIGTERM or Ctrl-C
stop it once it has answered what it accepted. docs/serving.md says more.
"""

from absl import flags

from tf_twingan import cli, serve_flags

serve_flags.define()


def main(argv) -> None:
  """Serves until it is stopped."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    from tf_twingan.serving import application, listening

    settings = serve_flags.settings()
    host, port = flags.FLAGS.host, flags.FLAGS.port
    with listening.opened(host, port) as listener:
      models, watched = serve_flags.models(settings)
      index = serve_flags.index(models)
      app = application.create(models, settings, index, watched)
      listening.serve(app, listener, settings)


def run() -> None:
  """Runs the console script."""
  cli.run(main)


if __name__ == '__main__':
  run()

r"""Finds images of another domain that look like a given one.

  python -m tf_twingan.search build --model=avatar_twins \
      --source=avatars:adventurer --limit=200 --index=faces.index
  python -m tf_twingan.search query --index=faces.index \
      --source=avatars:toon-head --limit=5 --k=3 --output=found
  python -m tf_twingan.search query --index=faces.index \
      --image=portrait.jpg --output=found

`build` makes an index or brings it up to date: the same command continues after
an interruption, adds the new images of a folder and takes in replaced ones;
with --prune it removes those that have gone. `query` writes `neighbours.json`
and contact sheets to --output. `remove` erases the images of --name, with
--source those of these datasets alone, or all of the datasets of --source.

A dataset is `folder:PATH` or another of docs/datasets.md, with options. Its
domain goes in front: `photo=folder:PATH`. Without one, `build` takes the last
of the model, `query` its first that the index has no images of. Both say which.

--by says which code of an image another domain is searched by: its `own`, that
of its `translation` to there, or both, `fused`.
"""

from absl import flags

from tf_twingan import cli
from tf_twingan.retrieval import options

_INDEX = cli.define_path('index', "The index's folder.")
_RUN_DIR = cli.define_run_dir()
_MODEL = cli.define_model('A query needs neither: the index knows its model.')
_SOURCE = flags.DEFINE_multi_string(
  'source', [], 'Images, as DATASET or DOMAIN=DATASET; may be repeated.'
)
_LIMIT = flags.DEFINE_integer(
  'limit', None, 'The first so many images of each dataset.', lower_bound=1
)
_QDRANT = flags.DEFINE_string('qdrant', None, 'Qdrant server to search by.')
_KIND = flags.DEFINE_enum(
  'kind',
  None,
  options.KINDS,
  'build: how to search; by default exactly (flat) up to '
  f'{options.FLAT_UP_TO:,} images of a domain, and approximately beyond.',
)
_PRUNE = flags.DEFINE_bool('prune', False, 'build: remove what has gone.')
_NAME = flags.DEFINE_multi_string(
  'name', [], 'remove: an image, NAME or DOMAIN=NAME; may be repeated.'
)
_IMAGE = cli.define_paths(
  'image', 'query: an image, PATH or DOMAIN=PATH; may be repeated.', named=True
)
_K = flags.DEFINE_integer('k', 5, 'query: how many neighbours to find.')
_BY = flags.DEFINE_enum(
  'by', options.DEFAULT_BY, options.BY, 'query: what to search others by.'
)
_AMONG = flags.DEFINE_multi_string(
  'among',
  None,
  "query: a domain to search; by default all in the index but the images' own.",
)
_OUTPUT = cli.define_path('output', 'query: folder for the results.')

_QUERY = ['image', 'k', 'by', 'among', 'output']
_FLAGS = {'build': ['kind', 'prune'], 'query': _QUERY, 'remove': ['name']}


def main(argv) -> None:
  """Runs `build`, `query` or `remove`."""
  with cli.report_errors():
    command = cli.parse_command(
      argv, _FLAGS, 'write `search build`, `query` or `remove` before the flags'
    )
    if not _INDEX.value:
      raise ValueError("give --index, the index's folder.")
    from tf_twingan.retrieval import commands, removal

    translator = None
    if command == 'build' or _RUN_DIR.value or _MODEL.value:
      translator = cli.load_translator(_RUN_DIR.value, _MODEL.value)
    index = dict(folder=_INDEX.value, model=translator, server=_QDRANT.value)
    images = dict(datasets=_SOURCE.value, limit=_LIMIT.value)
    found = dict(among=_AMONG.value, k=_K.value, by=_BY.value)
    if command == 'build':
      commands.build(**index, **images, kind=_KIND.value, prune=_PRUNE.value)
    elif command == 'remove':
      removal.remove(**index, **images, names=_NAME.value)
    else:
      commands.query(
        **index, **images, **found, files=_IMAGE.value, output=_OUTPUT.value
      )


def run() -> None:
  """Runs the console script."""
  cli.run(main)


if __name__ == '__main__':
  run()

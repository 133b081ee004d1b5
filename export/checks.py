"""Checks what an export is asked for, before anything is loaded."""

from collections.abc import Sequence

from export.formats import registry


def formats(
  names: Sequence[str] | None,
  *,
  to: str,
  source: str | None = None,
  index: str | None = None,
  qdrant: str | None = None,
  by: str | None = None,
  litert_js: str | None = None,
) -> list[str]:
  """The formats to write, if they go with what else is asked for.

  Args:
    names: names of formats; None takes the default ones.
    to: the domain to translate to, or 'all'.
    source: the domain of the images.
    index: path of a search index.
    qdrant: address of a server that searches it.
    by: which codes to search by.
    litert_js: folder of an npm install of LiteRT.js.

  Raises:
    ValueError: a format is unknown, or they do not go together.
  """
  of_all = to == registry.ALL
  if of_all:
    for flag, value in (
      ('from', source),
      ('index', index),
      ('qdrant', qdrant),
      ('by', by),
    ):
      if value is not None:
        raise ValueError(f'--{flag} does not go with --to={registry.ALL}.')
  if isinstance(names, str):
    raise ValueError(
      f'formats are {names!r}; give a list, such as [{names!r}].'
    )
  if names is None:
    names = registry.defaults(all_directions=of_all)
  registry.check(names, registry.names(all_directions=of_all))
  if 'search' in names and not index:
    raise ValueError(
      'format search needs --index, what `python -m tf_twingan.search build` '
      'made.'
    )
  if by is not None and 'search' not in names:
    raise ValueError('--by is for format search; name it in --formats.')
  if litert_js is not None and 'web' not in names:
    raise ValueError('--litert_js is for format web; name it in --formats.')
  return list(names)

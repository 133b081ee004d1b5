"""Chooses what an export needs besides its formats.

Images to compare with and to quantize by come from the datasets that are named,
or from those that the model was trained on, if they come with the package or
`run_datasets` allows it; the embedding from an index, or from those images; the
model card from the run directory.
"""

import functools
import pathlib
import sys
import types
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from export import directions, parity
from export.bundle_files import texts
from export.formats import embedding, saved_model
from tf_twingan import errors, inference
from tf_twingan.data import dataset_strings, run_datasets
from tf_twingan.data.prepare import photos
from tf_twingan.data.sources import registry
from tf_twingan.inference.exported import bundle_manifest
from tf_twingan.retrieval import options, search_index
from tf_twingan.runs import loading

_EMBEDDING_IMAGES = 512  # Of each domain, to learn the embedding from.
_CARD = 'MODEL_CARD.md'
_SHIPPED_MODEL = {'author': 'tf_twingan', 'licence': 'Apache-2.0'}
_OWN_MODEL = {'author': '', 'licence': ''}


class Options(NamedTuple):
  """What the caller of an export chooses; see `exporting.export`."""

  to: str
  output: str
  source: str | None = None
  datasets: Mapping[str, str] = types.MappingProxyType({})
  run_datasets: bool = False
  index: str | None = None
  qdrant: str | None = None
  by: str | None = None
  version: int | None = None
  author: str = ''
  licence: str = ''
  litert_js: str | None = None


class Inputs:
  """The inputs of an export.

  Attributes:
    translator: the model.
    datasets: {domain: dataset string}, of the domains whose dataset is known.
  """

  def __init__(self, translator: inference.Translator, chosen: Options):
    """Checks the datasets' names.

    Args:
      translator: the model.
      chosen: what the caller chooses.

    Raises:
      ValueError: the model has no such domain.
    """
    self._chosen = chosen
    self.translator = translator
    self._folder = loading.folder(translator.origin)
    self._recorded = dataset_strings.recorded_datasets(
      self._folder, translator.domains
    )
    self._named = {
      translator.check_domain(domain): dataset
      for domain, dataset in chosen.datasets.items()
    }
    self.datasets = {**self._recorded, **self._named}
    run_datasets.warn_of_framing(self._named, translator.framings)

  def one_direction(self) -> directions.OneDirection:
    """The direction that is chosen."""
    chosen, translator = self._chosen, self.translator
    target = chosen.to
    source = translator.source_for(target, chosen.source)
    self._check_datasets([source], may_read=[target])
    images = {
      domain: registry.load(dataset, translator.resolution).images[
        :_EMBEDDING_IMAGES
      ]
      for domain, dataset in self.datasets.items()
      if domain in (source, target)
    }
    held_out = self._held_out(source)
    index = self._index(source)
    return directions.OneDirection(
      translator,
      source,
      target,
      held_out=held_out,
      calibration=images[source],
      learn_embedding=(lambda: index.embedding)
      if index
      else functools.partial(embedding.learn, translator, images),
      about=self._about(
        name=bundle_manifest.direction(source, target),
        description=f'Translates images of {source} to {target}, '
        f'{translator.resolution} px.',
      ),
      search=directions.Search(index, chosen.by or options.DEFAULT_BY)
      if index
      else None,
      litert_js=chosen.litert_js,
    )

  def all_directions(self) -> directions.AllDirections:
    """All directions of the model."""
    translator = self.translator
    self._check_datasets(translator.domains)
    return directions.AllDirections(
      translator,
      {domain: self._held_out(domain) for domain in translator.domains},
      self._about(
        name=directions.ALL,
        description='Translates images of any of '
        f'{", ".join(translator.domains)} to any other, '
        f'{translator.resolution} px.',
      ),
      self._chosen.litert_js,
    )

  def _check_datasets(
    self, must_read: Sequence[str], *, may_read: Sequence[str] = ()
  ) -> None:
    """Raises unless the datasets are known, and may be read."""
    for domain in must_read:
      if domain not in self.datasets:
        raise ValueError(
          f'the run does not say what {domain} was trained on; give '
          f'--source={domain}=DATASET, such as folder:/my/images.'
        )
    run_datasets.check(
      self._recorded,
      [d for d in (*must_read, *may_read) if d not in self._named],
      allowed=self._chosen.run_datasets,
    )

  def _held_out(self, domain: str) -> np.ndarray:
    """Images to compare by, which training has not seen if there are enough."""
    dataset, px = self.datasets[domain], self.translator.resolution
    images = registry.load(dataset, px, split='test').images[: parity.IMAGES]
    missing = parity.IMAGES - len(images)
    if missing:
      more = registry.load(dataset, px).images[:missing]
      print(
        f'Only {len(images)} images of {errors.printable(dataset)} are held '
        f'out; {len(more)} of those trained on fill up.',
        file=sys.stderr,
      )
      images = np.concatenate([images, more])
    return images

  def _index(self, source: str) -> search_index.SearchIndex | None:
    path = self._chosen.index
    if not path:
      return None
    index = search_index.SearchIndex.load(
      path, translator=self.translator, server=self._chosen.qdrant
    )
    if source not in index.embedding.means:
      raise ValueError(f'{path} has learned nothing of {source}.')
    return index

  def _about(self, *, name: str, description: str) -> texts.About:
    chosen = self._chosen
    version = chosen.version or saved_model.next_version(
      pathlib.Path(chosen.output, chosen.to, 'saved_model')
    )
    is_shipped = self.translator.origin.startswith(loading.PRETRAINED_PREFIX)
    defaults = _SHIPPED_MODEL if is_shipped else _OWN_MODEL
    return texts.About(
      name=name,
      description=description,
      version=str(version),
      author=chosen.author or defaults['author'],
      licence=chosen.licence or defaults['licence'],
      card=_model_card(self._folder, self.translator, self.datasets),
    )


def _model_card(
  folder: str, translator: inference.Translator, datasets: Mapping[str, Any]
) -> str:
  """The card of a run, or a short one if the run has none."""
  path = pathlib.Path(folder, _CARD)
  if path.is_file():
    return path.read_text(encoding='utf-8')
  trained_on = '\n'.join(
    f'- {d}: {texts.inline_code(s)}' for d, s in datasets.items()
  )
  prepared = ''.join(
    f'Images of {texts.inline_code(domain)} were '
    f'{photos.describe(framed.preparation)}; prepare photos alike.\n\n'
    for domain, framed in translator.framings.items()
    if framed.preparation is not None
  )
  return (
    f'# Model card\n\nTrained by tf_twingan on {translator.images_seen:,} '
    f'images of each domain, at {translator.resolution} px:\n\n{trained_on}\n\n'
    f'{prepared}Write more about it in {_CARD} of the run directory, and '
    'export again.\n'
  )

"""What an export takes besides its formats."""

import tempfile
from unittest import mock

from absl.testing import absltest

from export import inputs
from tf_twingan import framing
from tf_twingan.data.prepare import options
from tf_twingan.retrieval import search_index


class IndexTest(absltest.TestCase):
  def test_only_a_named_server_is_connected_to(self):
    for server in (None, 'http://localhost:1'):
      chosen = inputs.Inputs.__new__(inputs.Inputs)
      chosen.translator = mock.sentinel.translator
      chosen._chosen = inputs.Options(
        'anime', 'o', index='faces.index', qdrant=server
      )
      with mock.patch.object(search_index.SearchIndex, 'load') as load:
        load.return_value.embedding.means = {'photo': None}
        chosen._index('photo')
      load.assert_called_once_with(
        'faces.index', translator=mock.sentinel.translator, server=server
      )


class ModelCardTest(absltest.TestCase):
  def card(self, framings):
    translator = mock.Mock(images_seen=1000, resolution=8, framings=framings)
    return inputs._model_card(
      tempfile.mkdtemp(), translator, {'photo': 'folder:/p'}
    )

  def test_it_says_how_photos_were_prepared(self):
    plain = framing.Framing()
    prepared = plain._replace(preparation=options.Options(faces='human'))
    card = self.card({'photo': prepared, 'anime': plain})
    self.assertIn('`folder:/p`', card)
    self.assertIn(
      'Images of `photo` were aligned by human faces, as prepare does; pre',
      card,
    )
    self.assertNotIn('Images of `anime`', card)
    self.assertNotIn('prepare', self.card({'photo': plain}))


if __name__ == '__main__':
  absltest.main()

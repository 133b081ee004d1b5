"""What an export takes besides its formats."""

from unittest import mock

from absl.testing import absltest

from export import inputs
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


if __name__ == '__main__':
  absltest.main()

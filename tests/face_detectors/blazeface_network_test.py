"""The anchors of BlazeFace, and where its outputs lie in an image."""

from unittest import mock

import numpy as np
from absl.testing import absltest
from PIL import Image

from tf_twingan.face_detectors import blazeface_network
from tf_twingan.face_detectors.windows import Window


class FixedInterpreter:
  """Gives fixed outputs, and keeps its input."""

  def __init__(self, logits, values):
    self.outputs = {1: np.float32(logits), 2: np.float32(values)}

  def allocate_tensors(self):
    pass

  def get_input_details(self):
    return [{'index': 0}]

  def get_output_details(self):
    return [
      {'index': index, 'shape': np.array(output.shape)}
      for index, output in self.outputs.items()
    ]

  def set_tensor(self, index, values):
    del index
    self.input = values

  def invoke(self):
    pass

  def get_tensor(self, index):
    return self.outputs[index]


class AnchorsTest(absltest.TestCase):
  def test_anchors_are_the_centres_of_cells_layer_by_layer(self):
    anchors = blazeface_network.anchors(8, ((4, 1), (8, 2)))
    np.testing.assert_allclose(
      anchors,
      [
        *([0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]),
        *([0.5, 0.5], [0.5, 0.5]),
      ],
    )

  def test_there_is_an_anchor_for_each_output_of_the_networks(self):
    self.assertLen(blazeface_network.anchors(256, ((16, 2), (32, 6))), 896)


class BlazeFaceTest(absltest.TestCase):
  def network(self, logits, values):
    """A network of 8x8 pixels with four anchors, at 0.25 and 0.75."""
    self.interpreter = FixedInterpreter(
      np.reshape(logits, (1, 4, 1)), np.reshape(values, (1, 4, 16))
    )
    with (
      mock.patch.object(blazeface_network.packaged_files, 'path'),
      mock.patch.object(
        blazeface_network.compat,
        'tflite_interpreter',
        return_value=self.interpreter,
      ),
    ):
      return blazeface_network.BlazeFace('file', 8, ((4, 1),))

  def test_boxes_and_points_are_offsets_from_the_anchor(self):
    values = np.zeros((4, 16))
    # In pixels of 8: one to the right and two down, 4 wide and 2 high; the
    # left eye 1 to the left.
    values[2, :6] = (1, 2, 4, 2, -1, 0)
    network = self.network([-9, -9, 0, -9], values)
    found = network.detect(
      Image.new('RGB', (300, 300)), Window(140, 240, 80), threshold=0.4
    )
    # The window begins at (100, 200), and its pixels are 10 large: the anchor
    # is at (2, 6), the centre at (3, 8).
    np.testing.assert_allclose(found.scores, [0.5])
    np.testing.assert_allclose(found.boxes, [[110, 270, 150, 290]])
    np.testing.assert_allclose(found.points[0, :2], [[110, 260], [120, 260]])

  def test_what_a_mirrored_window_shows_is_mirrored_back(self):
    values = np.zeros((4, 16))
    values[2, :6] = (1, 2, 4, 2, -1, 0)
    network = self.network([-9, -9, 0, -9], values)
    image = np.zeros((300, 300, 3), np.uint8)
    image[200:280, 100:110] = 255
    found = network.detect(
      Image.fromarray(image), Window(140, 240, 80), 0.4, mirrored=True
    )
    np.testing.assert_allclose(found.boxes, [[130, 270, 170, 290]])
    # What was the left eye of the mirrored face is the right one.
    np.testing.assert_allclose(found.points[0, :2], [[160, 260], [170, 260]])
    pixels = self.interpreter.input[0, :, :, 0]
    np.testing.assert_array_equal(pixels.argmax(axis=1), 7)

  def test_boxes_below_the_threshold_are_left_out(self):
    network = self.network([0, 2, -2, 1000], np.zeros((4, 16)))
    found = network.detect(
      Image.new('RGB', (8, 8)), Window(4, 4, 8), threshold=0.6
    )
    np.testing.assert_allclose(found.scores, [1 / (1 + np.exp(-2)), 1])


if __name__ == '__main__':
  absltest.main()

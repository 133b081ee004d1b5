"""Files that are no images are named in the message."""

from absl.testing import absltest, parameterized

from tf_twingan import image_io


class OtherFilesTest(parameterized.TestCase):
  @parameterized.parameters(
    (b'', 'an empty file'),
    (b'\n<!DOCTYPE html><html>404', 'a web page'),
    (b'<html lang="en">', 'a web page'),
    (b'version https://git-lfs.github.com/spec/v1\n', 'git lfs pull'),
    (b'<?xml version="1.0"?><svg/>', 'an SVG'),
    (b'%PDF-1.7', 'a PDF'),
    (b'8BPS\0\1', 'Photoshop'),
    (b'\0\0\0\x0cjP  \r\n', 'a JPEG 2000'),
    (b'\xff\x0a\0', 'a JPEG XL'),
    (b'\0\0\1\0\1\0', 'an icon'),
    (b'\0\0\0\x18ftypisom', 'a video'),
    (b'PK\3\4', 'an archive'),
    (b'\n\xff\xd8\xff', 'damaged at its start'),
    (b'\0' * 64, 'damaged at its start'),
  )
  def test_says_what_a_file_holds_instead(self, content, expected):
    with self.assertRaisesRegex(image_io.UnreadableImage, expected):
      image_io.read(content)


if __name__ == '__main__':
  absltest.main()

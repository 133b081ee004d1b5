"""Forms: what is taken, and what is refused with which words."""

from typing import Annotated

import fastapi
from absl.testing import absltest, parameterized

from tests.serving import requests_in_process as asking
from tf_twingan.serving import forms, problems


def _app() -> fastapi.FastAPI:
  app = fastapi.FastAPI()
  problems.install(app)
  routes = fastapi.APIRouter(route_class=forms.FormRoute)

  @routes.post('/')
  async def post(
    image: Annotated[fastapi.UploadFile, fastapi.File()],
    to: Annotated[str, fastapi.Form()],
    face: Annotated[int | None, fastapi.Form()] = None,
  ):
    content = await image.read()
    return {
      'name': image.filename,
      'size': len(content),
      'sum': sum(content),
      'to': to,
      'face': face,
    }

  app.include_router(routes)
  return app


_IMAGE = bytes(range(256)) * 20_000
_GOOD = (('image', _IMAGE, b'a.png'), ('to', 'anime'))


class FormsTest(parameterized.TestCase):
  def _post(self, body, headers=asking.FORM):
    return asking.ask_now(_app(), 'POST', '/', body, headers)

  @parameterized.parameters(1, 7, 4096, 10_000_000)
  def test_a_form_in_parts_of_any_size(self, size):
    image = _IMAGE if size > 100 else _IMAGE[:600]
    body = asking.form(
      ('image', image, b'a.png'), ('to', 'animé'), ('face', '2')
    )
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    answer = self._post(parts)
    self.assertEqual(
      answer.json(),
      {
        'name': None,
        'size': len(image),
        'sum': sum(image),
        'to': 'animé',
        'face': 2,
      },
    )

  @parameterized.named_parameters(
    ('empty', b''),
    ('no_end', asking.form(*_GOOD)[:-10]),
    ('in_the_image', asking.form(*_GOOD)[:100_000]),
    ('in_the_head', asking.form(*_GOOD)[:30]),
    ('no_form', b'hello'),
    ('another_boundary', asking.form(*_GOOD).replace(b'e2f0a9', b'e2f0b9')),
    ('no_name', asking.form(*_GOOD).replace(b' name=', b' nome=')),
    ('long_name', asking.form(*_GOOD, ('a' * 100, ''))),
    ('no_text', asking.form(*_GOOD, ('face', b'\xff\xfe'))),
    ('long_text', asking.form(*_GOOD, ('face', b'a' * 5000))),
    ('many_parts', asking.form(*_GOOD, *[('face', '1')] * 15)),
    ('long_head', asking.form(*_GOOD, ('face', '1', b'a' * 100_000))),
  )
  def test_bad_forms(self, body):
    answer = self._post(body)
    self.assertEqual((answer.status, answer.code), (400, 'bad_form'))

  @parameterized.parameters(
    '',
    'text/plain',
    'application/json',
    'application/x-www-form-urlencoded',
    'multipart/mixed; boundary=e2f0a9',
    '\xff',
  )
  def test_other_types(self, kind):
    headers = {'content-type': kind} if kind else {}
    answer = self._post(asking.form(*_GOOD), headers)
    self.assertEqual(
      (answer.status, answer.code), (415, 'unsupported_media_type')
    )

  @parameterized.parameters('', '; boundary=', f'; boundary={"a" * 1000}')
  def test_boundaries(self, rest):
    headers = {'content-type': f'multipart/form-data{rest}'}
    answer = self._post(asking.form(*_GOOD), headers)
    self.assertEqual((answer.status, answer.code), (400, 'bad_form'))

  @parameterized.named_parameters(
    ('no_image', (('to', 'anime'),), 'image'),
    ('no_target', (('image', b'', b'a.png'),), 'to'),
    ('image_as_text', (('image', 'a'), ('to', 'anime')), 'image'),
    ('target_as_file', (_GOOD[0], ('to', 'anime', b'a')), 'to'),
    ('no_number', (*_GOOD, ('face', 'secret')), 'face'),
  )
  def test_fields(self, parts, field):
    answer = self._post(asking.form(*parts))
    self.assertEqual((answer.status, answer.code), (422, 'invalid_request'))
    message = answer.json()['error']['message']
    self.assertStartsWith(message, f'{field}: ')
    self.assertNotIn('secret', message)


if __name__ == '__main__':
  absltest.main()

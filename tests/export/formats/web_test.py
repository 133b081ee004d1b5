"""Pages for browsers: their files, checksums, manifest, and what is refused."""

import base64
import hashlib
import html
import json
import pathlib
import re
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from export import checks, exporter, parity
from export.bundle_files import litert_js
from export.formats import web
from tests import source_tree
from tests.export import untrained
from tf_twingan import framing
from tf_twingan.data.prepare import options
from tf_twingan.inference.exported import bundle_manifest

FAKE = {path: path.encode() for path in litert_js.INTEGRITY}


def fake_runtime(**changes):
  """An npm install of a package that is small, and its checksums."""
  folder = pathlib.Path(tempfile.mkdtemp())
  package = folder / 'node_modules' / litert_js.PACKAGE
  description = dict(name=litert_js.PACKAGE, version=litert_js.VERSION)
  contents = {**FAKE, 'package.json': json.dumps(description).encode()}
  for path, content in {**contents, **changes}.items():
    location = package / path
    location.parent.mkdir(parents=True, exist_ok=True)
    if content is not None:
      location.write_bytes(content)
  return folder


def fake_integrity():
  return mock.patch.object(
    litert_js,
    'INTEGRITY',
    {path: litert_js.integrity(content) for path, content in FAKE.items()},
  )


def export(context):
  """Exports the page; returns its folder and the bundle's manifest."""
  output = tempfile.mkdtemp()
  with untrained.lower_gates():
    manifest, failures = exporter.export(context, ['web'], output)
  assert not failures, failures
  return pathlib.Path(output, context.folder_name, 'web'), manifest


class WebTest(parameterized.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.context = untrained.one_direction(name='photo2anime')
    cls.folder, cls.bundle = export(cls.context)
    cls.manifest = json.loads((cls.folder / 'manifest.json').read_text())
    cls.page = (cls.folder / 'index.html').read_text()

  def test_the_bundle_says_what_is_in_the_folder(self):
    (name,) = self.bundle['files']
    self.assertEqual(name, 'web')
    entry = self.bundle['files']['web']
    found = {
      path.relative_to(self.folder).as_posix(): dict(
        bytes=path.stat().st_size,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
      )
      for path in self.folder.rglob('*')
      if path.is_file()
    }
    self.assertEqual(entry['contents'], found)
    self.assertContainsSubset(
      {
        'index.html',
        'style.css',
        'page.js',
        'manifest.json',
        'photo2anime_8_float16.tflite',
        'photo2anime_8_dynamic.tflite',
        'golden/input.png',
        'golden/output.png',
      },
      found,
    )
    self.assertGreater(entry['parity']['psnr'], 55)

  def test_the_page_itself_is_small(self):
    paths = (source_tree.ROOT / 'export' / 'web').iterdir()
    self.assertLess(sum(p.stat().st_size for p in paths), 60_000)

  def test_the_manifest_has_the_checksum_and_gate_of_each_file(self):
    files = self.manifest['files']
    self.assertEqual([f['format'] for f in files], ['float16', 'dynamic'])
    for file in files:
      content = (self.folder / file['name']).read_bytes()
      self.assertLen(content, file['bytes'])
      digest = base64.b64encode(hashlib.sha384(content).digest()).decode()
      self.assertEqual(file['integrity'], f'sha384-{digest}')
    self.assertEqual(files[0]['needed'], [parity.GATES['float16'].psnr])
    (direction,) = self.manifest['directions']
    self.assertEqual(
      (direction['source'], direction['target']), ('photo', 'anime')
    )
    self.assertEqual(direction['framing'], dict(crop=1.0, fit='crop'))
    for end in ('input', 'output'):
      golden = f'golden/{end}.png'
      self.assertEqual(direction[end], golden)
      self.assertEqual(
        (self.folder / golden).read_bytes(),
        (self.folder.parent / golden).read_bytes(),
      )

  def test_results_say_that_a_model_made_them(self):
    texts = self.manifest['provenance']
    fingerprint = self.context.translator.fingerprint
    self.assertIn(fingerprint, texts['Comment'])
    self.assertIn('trainedAlgorithmicMedia', texts['XML:com.adobe.xmp'])
    self.assertNotIn(
      str(pathlib.Path(self.context.translator.origin).parent),
      json.dumps(self.manifest),
    )

  def test_the_policy_allows_the_page_and_one_version_of_the_runtime(self):
    policy = html.unescape(
      re.search(r'Content-Security-Policy" content="([^"]*)"', self.page)[1]
    )
    (import_map,) = re.findall(
      r'<script type="importmap">(.*?)</script>', self.page, re.DOTALL
    )
    digest = base64.b64encode(hashlib.sha256(import_map.encode()).digest())
    rules = dict(rule.split(' ', 1) for rule in policy.split('; '))
    self.assertEqual(rules['default-src'], "'none'")
    self.assertEqual(rules['connect-src'], f"'self' {litert_js.URL}")
    self.assertEqual(
      rules['script-src'],
      f"'self' 'wasm-unsafe-eval' 'sha256-{digest.decode()}' {litert_js.URL}",
    )
    address = f'{litert_js.URL}dist/index.js'
    parsed = json.loads(import_map)
    self.assertEqual(parsed['imports'][litert_js.PACKAGE], address)
    self.assertEqual(
      parsed['integrity'], {address: litert_js.INTEGRITY['dist/index.js']}
    )
    self.assertIn(f'@{litert_js.VERSION}/', litert_js.URL)
    # Nothing but the import map is inline.
    self.assertLen(re.findall('<script', self.page), 2)
    self.assertNotRegex(self.page, r'<style|\sstyle=|\son\w+=')

  def test_it_names_the_runtime_and_does_not_have_it(self):
    runtime = self.manifest['runtime']
    self.assertEqual(runtime['url'], litert_js.URL)
    self.assertEqual(runtime['version'], litert_js.VERSION)
    self.assertEqual(runtime['integrity'], dict(litert_js.INTEGRITY))
    self.assertEmpty(list(self.folder.rglob('*.wasm')))

  def test_the_readme_says_how_to_serve_it(self):
    text = (self.folder.parent / 'README.md').read_text()
    self.assertIn('--directory=web', text)
    self.assertIn(litert_js.URL, text)

  def test_names_are_escaped(self):
    directions = [dict(source='a<b', target='"&', output='golden/"x.png')]
    manifest = dict(name='<i>', directions=directions, author='<b>', licence='')
    source = (source_tree.ROOT / 'export/web/index.html').read_text()
    page = web._fill(source, manifest, litert_js.URL)
    self.assertIn('From a&lt;b to &quot;&amp;', page)
    for unescaped in ('a<b', '<i>', '<b>', '"x.png'):
      self.assertNotIn(unescaped, page)


class KindsTest(absltest.TestCase):
  def test_a_smaller_file_that_fails_its_gate_is_left_out(self):
    with mock.patch.dict(parity.GATES, dynamic=parity.Gate(psnr=200.0)):
      folder = web.create('web').build(
        untrained.one_direction(), pathlib.Path(tempfile.mkdtemp())
      )
    manifest = json.loads((folder / 'manifest.json').read_text())
    self.assertEqual([f['format'] for f in manifest['files']], ['float16'])
    self.assertLen(list(folder.glob('*.tflite')), 1)

  def test_a_browser_needs_no_more_than_python_reaches(self):
    context = untrained.all_directions(untrained.DOMAINS)
    first, second = context.directions
    # The golden image is off by 0.2 of 2: 20 dB.
    context.expected[second] = context.expected[second].copy()
    context.expected[second][0] = np.clip(
      context.expected[second][0], -0.7, 0.7
    )
    images = {d: i.copy() for d, i in context.expected.items()}
    images[second][0] += 0.2
    model = web._Model('float16', 'x', b'', images, {})
    self.assertEqual(web._needed(context, model, first), 55.0)
    self.assertAlmostEqual(web._needed(context, model, second), 19.0, places=1)

  def test_a_page_whose_first_file_fails_is_left_out(self):
    context = untrained.one_direction()
    context.expected = {d: i / 2 for d, i in context.expected.items()}
    output = tempfile.mkdtemp()
    _, failures = exporter.export(context, ['web'], output)
    self.assertEqual([f.format for f in failures], ['web'])
    self.assertFalse(pathlib.Path(output, 'anime', 'web').exists())

  def test_all_directions_are_one_page(self):
    folder, bundle = export(untrained.all_directions(untrained.DOMAINS))
    manifest = json.loads((folder / 'manifest.json').read_text())
    self.assertEqual(
      [(d['source'], d['target']) for d in manifest['directions']],
      [('photo', 'anime'), ('anime', 'photo')],
    )
    self.assertEqual(
      [d['numbers'] for d in manifest['directions']],
      [dict(source=0, target=1), dict(source=1, target=0)],
    )
    for direction in manifest['directions']:
      for end in ('input', 'output'):
        self.assertTrue((folder / direction[end]).is_file())
    page = (folder / 'index.html').read_text()
    self.assertIn('<h1>Translate between photo and anime</h1>', page)
    self.assertIn('photo2anime', bundle['files']['web']['directions'])

  def test_a_page_says_how_the_photos_of_the_training_were_prepared(self):
    translator = untrained.new_translator(smooth=True)
    translator.framings['photo'] = framing.Framing(
      0.7, 'pad', options.Options(faces='human')
    )
    folder = web.create('web').build(
      untrained.one_direction(translator), pathlib.Path(tempfile.mkdtemp())
    )
    (direction,) = json.loads((folder / 'manifest.json').read_text())[
      'directions'
    ]
    self.assertEqual(direction['framing'], dict(crop=0.7, fit='pad'))
    self.assertEqual(
      direction['prepared'], 'aligned by human faces, as prepare does'
    )


class RuntimeTest(parameterized.TestCase):
  def test_an_npm_install_is_copied_and_nothing_else_allowed(self):
    context = untrained.one_direction(name='photo2anime')
    context.litert_js = fake_runtime()
    with fake_integrity():
      folder, _ = export(context)
    at = f'litert_js/{litert_js.VERSION}'
    for path, content in FAKE.items():
      self.assertEqual((folder / at / path).read_bytes(), content)
    manifest = json.loads((folder / 'manifest.json').read_text())
    self.assertEqual(manifest['runtime']['url'], f'./{at}/')
    page = (folder / 'index.html').read_text()
    self.assertIn(f'"./{at}/dist/index.js"', page)
    self.assertNotIn('https://', page)
    readme = (folder.parent / 'README.md').read_text()
    self.assertIn('loads nothing from anywhere', readme)

    # An export without it removes the copy, and nothing of the user's.
    (folder / 'CNAME').write_text('example.org')
    context.litert_js = None
    exporter.export(context, ['web'], folder.parents[1])
    self.assertEmpty(list(folder.rglob('*.wasm')))
    self.assertEqual((folder / 'CNAME').read_text(), 'example.org')

  @parameterized.named_parameters(
    ('package', lambda f: f / 'node_modules' / litert_js.PACKAGE),
    ('modules', lambda f: f / 'node_modules'),
    ('folder', lambda f: f),
  )
  def test_the_package_is_found_in(self, place):
    with fake_integrity():
      contents = litert_js.read(place(fake_runtime()))
    self.assertEqual({k: contents[k] for k in FAKE}, FAKE)

  @parameterized.named_parameters(
    (
      'another_version',
      {'package.json': b'{"name": "@litertjs/core", "version": "2.5.2"}'},
      'is @litertjs/core 2.5.2, but the page is made for 2.5.3; run `npm',
    ),
    (
      'changed',
      {'wasm/litert_wasm_internal.wasm': b'changed'},
      'litert_wasm_internal.wasm is not the file of @litertjs/core 2.5.3',
    ),
    (
      'missing',
      {'dist/index.js': None},
      'lacks dist/index.js; run `npm install @litertjs/core@2.5.3`',
    ),
    (
      'another_package',
      {'package.json': b'{"name": "left-pad"}'},
      'holds no @litertjs/core; run `npm install @litertjs/core@2.5.3`',
    ),
    ('no_json', {'package.json': b'[1]'}, 'holds no @litertjs/core'),
  )
  def test_refused(self, changes, message):
    context = untrained.one_direction()
    context.litert_js = fake_runtime(**changes)
    output = tempfile.mkdtemp()
    with (
      fake_integrity(),
      self.assertRaisesRegex((ValueError, FileNotFoundError), message),
    ):
      exporter.export(context, ['web'], output)
    self.assertFalse(pathlib.Path(output, 'anime').exists())

  def test_the_flag_needs_the_format(self):
    with self.assertRaisesRegex(ValueError, '--litert_js is for format web'):
      checks.formats(['int8'], to='anime', litert_js='x')
    self.assertEqual(
      checks.formats(['web'], to='anime', litert_js='x'), ['web']
    )

  def test_a_bundle_with_a_page_can_be_read(self):
    folder, _ = export(untrained.one_direction(name='photo2anime'))
    manifest = bundle_manifest.read_manifest(folder.parent)
    self.assertIn('page.js', manifest['files']['web']['contents'])


if __name__ == '__main__':
  absltest.main()

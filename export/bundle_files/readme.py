"""Writes the README of a bundle: how to load its files, with their figures."""

from collections.abc import Mapping
from typing import Any

from export.bundle_files import litert_js, texts
from tf_twingan.data.prepare import photos
from tf_twingan.inference.exported import bundle_manifest

_PARITY = {
  'max_difference': 'largest difference (of -1 to 1)',
  'psnr': 'PSNR, dB',
  'ssim': 'SSIM',
  'cosine': 'least cosine',
  'top_1': 'same nearest neighbour, of 1',
}

_BY = {
  'own': 'its content code',
  'translation': "its translation's content code",
  'fused': "its content code and its translation's",
}

_PREDICTIONS = """It answers, for each image of the request and in their order,

```
{"predictions": [{"error": "", "png_bytes": {"b64": "iVBORw0KGgo..."}}]}
```

PNG, JPEG, GIF and BMP are read, turned as their EXIF says, and transparent ones
are laid on white. For a file that cannot be read, `error` says why, as in
`"WebP cannot be read here; send PNG or JPEG"`, and `png_bytes` is empty. The
server joins requests that come together into one batch; a file that cannot be
read does no harm to the others in it. Without Docker, but with tf_twingan
installed, this answers in the same way, and has a page to try the model on (in
a clone of tf_twingan, from there, give the path of this folder):

```
python -m tf_twingan.serve --bundle=. --port=8501
```"""


def one_direction(manifest: Mapping[str, Any]) -> str:
  """The README of one direction's bundle, Markdown.

  Args:
    manifest: manifest of the bundle; see `exporter`.
  """
  name, files = manifest['name'], manifest['files']
  parts = [
    f'# {name}',
    f'Translates images of *{manifest["source"]}* to '
    f'*{manifest["target"]}*, {manifest["resolution"]} px. '
    f'{manifest["weights"]:,} weights. What the model is for: '
    '[MODEL_CARD.md](MODEL_CARD.md). Every number here is from '
    '[manifest.json](manifest.json).',
    '## Files',
    _table(files),
    *_failed(manifest),
    *_preparation(manifest),
  ]
  best = _first(files, 'dynamic', 'float16', 'float32', 'hybrid', 'int8')
  if best:
    parts += [
      '## Python',
      _python(best, files[best], manifest),
      '## Android (LiteRT)',
      _kotlin(best, files[best], manifest),
    ]
  search = _first_of(files, 'search')
  if search:
    parts += [
      '## Search on the device (Task library)',
      _search(search, files[search], manifest),
    ]
  served = _first_of(files, 'saved_model')
  if served:
    parts += ['## TensorFlow Serving', _serving(name, manifest)]
  parts += _web(files)
  return '\n\n'.join([*parts, *_check(manifest)]) + '\n'


def all_directions(manifest: Mapping[str, Any]) -> str:
  """The README of the bundle of all directions, Markdown.

  Args:
    manifest: manifest of the bundle; see `exporter`.
  """
  domains, files = manifest['domains'], manifest['files']
  numbers = ', '.join(f'{i} *{domain}*' for i, domain in enumerate(domains))
  parts = [
    '# All directions',
    f'Translates images of any of {len(domains)} domains to any other, '
    f'{manifest["resolution"]} px. {manifest["weights"]:,} weights, which the '
    'domains share. What the model is for: [MODEL_CARD.md](MODEL_CARD.md). '
    'Every number here is from [manifest.json](manifest.json).',
    '## Files',
    'Against the model: the worst of all directions.',
    _table(files),
    *_failed(manifest),
    *_preparation(manifest),
  ]
  best = _first(files, 'dynamic', 'float16', 'float32')
  if best:
    parts += [
      '## One TFLite file',
      'Beside the image it takes two numbers, `source` and `target`, int32 '
      f'[1]: {numbers}. The file says so itself, in `domains.txt` of its '
      'metadata. Another number is an error. The code translates the first '
      'domain to the second.',
      '## Python',
      _python(best, files[best], manifest),
      '## Android (LiteRT)',
      _kotlin(best, files[best], manifest),
    ]
  if _first_of(files, 'saved_model'):
    parts += ['## TensorFlow Serving', _serving_all(manifest)]
  parts += _web(files)
  return '\n\n'.join([*parts, *_check(manifest)]) + '\n'


def _failed(manifest):
  if not manifest['failed']:
    return []
  return [
    "Not here, because their images differ too much from the model's: "
    + ', '.join(
      f'{kind} (needs {failed["gate"]})'
      for kind, failed in manifest['failed'].items()
    )
    + '.'
  ]


def _preparation(manifest):
  """What must be done to photos before any of the files takes them."""
  directions = bundle_manifest.directions(manifest)
  sources = {source for source, _ in directions}
  prepared = {
    source: photos.describe(framed.preparation)
    for source, framed in bundle_manifest.framing_of_domains(manifest).items()
    if source in sources and framed.preparation is not None
  }
  if not prepared:
    return []
  said = '; '.join(f'*{source}*: {how}' for source, how in prepared.items())
  first = next(iter(prepared))
  target = next(to for source, to in directions if source == first != to)
  return [
    '## Prepare photos first',
    f'The images of the training were prepared ({said}), and no file here does '
    'that to photos: as they are, they translate badly. `framing` in '
    '[manifest.json](manifest.json) has the options of `python -m '
    'tf_twingan.prepare`, whose images fit. In Python, with '
    "`pip install 'tf_twingan[prepare]'`:",
    f"""```python
from tf_twingan.inference.exported import exported_translator

opened = exported_translator.open_export('.')
for file in opened.translators.values():
  image = file.read('photo.jpg', {target!r}, {first!r})
  translation = file.translate(image[None], {target!r}, {first!r})[0]
```""",
  ]


def _check(manifest):
  return [
    '## Check your integration',
    f'`{manifest["golden"]["input"]}` has to come out as '
    f'`{manifest["golden"]["output"]}`, within a few steps of 255 for the '
    '8-bit files. If colours are swapped or grey, the channels or the '
    'scaling of the input are wrong.',
  ]


def _table(files):
  rows = ['| file | bytes | GMAC | against the model |', '|---|---|---|---|']
  for name, entry in files.items():
    figures = ', '.join(
      f'{label} {_number(entry["parity"][key])}'
      for key, label in _PARITY.items()
      if key in entry['parity']
    )
    if entry.get('experimental'):
      figures += '; experimental'
    gmacs = f'{entry["gmacs"]:.3f}' if 'gmacs' in entry else ''
    rows.append(f'| `{name}` | {entry["bytes"]:,} | {gmacs} | {figures} |')
  return '\n'.join(rows)


def _number(value):
  if value is None:
    return 'none (equal)'
  return f'{value:.2g}' if abs(value) < 0.1 else f'{value:.4g}'


def _first(files, *kinds):
  names = (_first_of(files, kind) for kind in kinds)
  return next((name for name in names if name), None)


def _first_of(files, kind):
  return next((n for n, e in files.items() if e['format'] == kind), None)


def _python(file, entry, manifest):
  px, golden = manifest['resolution'], manifest['golden']['input']
  input_tensor, output_tensor = entry['input'], entry['output']
  # A byte represents (byte - zero point) * scale.
  if input_tensor['dtype'] == 'uint8':
    scale, zero = input_tensor['scale'], input_tensor['zero_point']
    encode = (
      f'values = np.rint(values / {scale:.9g} + {zero}).clip(0, 255)\n'
      'values = values.astype(np.uint8)'
    )
    scale, zero = output_tensor['scale'], output_tensor['zero_point']
    decode = f'output = (output.astype(np.float32) - {zero}) * {scale:.9g}\n'
  else:
    encode, decode = 'values = values.astype(np.float32)', ''
  more = ''.join(
    f', {name}=np.int32([{number}])'
    for name, number in entry.get('choice', {}).items()
  )
  input_name, output_name = input_tensor['name'], output_tensor['name']
  return f"""```python
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

interpreter = Interpreter('{file}', num_threads=2)
translate = interpreter.get_signature_runner()
image = Image.open('{golden}').convert('RGB').resize(({px}, {px}))
values = np.asarray(image)[None] / 127.5 - 1
{encode}
output = translate({input_name}=values{more})['{output_name}']
{decode}output = np.rint(output * 127.5 + 127.5).clip(0, 255).astype(np.uint8)
Image.fromarray(output[0]).save('translation.png')
```

The image is square. An interpreter is for one thread at a time."""


def _kotlin(file, entry, manifest):
  px = manifest['resolution']
  input_tensor, output_tensor = entry['input'], entry['output']
  if input_tensor['dtype'] == 'uint8':
    size = 1
    scale, zero = input_tensor['scale'], input_tensor['zero_point']
    put = (
      f'put((value / {scale:.9g}f + {zero}).roundToInt().coerceIn(0, 255)'
      '.toByte())'
    )
    scale, zero = output_tensor['scale'], output_tensor['zero_point']
    get = f'((out.get().toInt() and 0xff) - {zero}) * {scale:.9g}f'
  else:
    size, put, get = 4, 'putFloat(value)', 'out.getFloat()'
  run = 'interpreter.run(input.rewind(), out)'
  if 'choice' in entry:
    more = ''.join(
      f',\n    "{name}" to intArrayOf({number})'
      for name, number in entry['choice'].items()
    )
    run = (
      'interpreter.runSignature(\n'
      f'  mapOf("{input_tensor["name"]}" to input.rewind(){more}),\n'
      f'  mapOf("{output_tensor["name"]}" to out))'
    )
  return f"""```kotlin
val model = FileUtil.loadMappedFile(context, "{file}")
val interpreter = Interpreter(model, Interpreter.Options().setNumThreads(2))
val square = Bitmap.createScaledBitmap(bitmap, {px}, {px}, true)
fun buffer() = ByteBuffer.allocateDirect({px * px * 3 * size})
  .order(ByteOrder.nativeOrder())
val input = buffer()
for (y in 0 until {px}) for (x in 0 until {px}) {{
  val pixel = square.getPixel(x, y)
  for (channel in listOf(pixel.red, pixel.green, pixel.blue)) {{
    val value = channel / 127.5f - 1f
    input.{put}
  }}
}}
val out = buffer()
{run}
out.rewind()
val translation = Bitmap.createBitmap({px}, {px}, Bitmap.Config.ARGB_8888)
for (y in 0 until {px}) for (x in 0 until {px}) {{
  val (r, g, b) = List(3) {{
    (({get}) * 127.5f + 127.5f).roundToInt().coerceIn(0, 255)
  }}
  translation.setPixel(x, y, Color.rgb(r, g, b))
}}
```"""


def _search(file, entry, manifest):
  px, target = manifest['resolution'], manifest['target']
  first = entry['nearest'][0]
  return f"""`{file}` holds {entry['items']:,} images of *{target}* as
vectors, {entry['index_bytes']:,} bytes, and looks an image of
*{manifest['source']}* up among them, by {_BY[entry['by']]}. With
`org.tensorflow:tensorflow-lite-task-vision:0.4.4`:

```kotlin
val options = ImageSearcher.ImageSearcherOptions.builder()
  .setSearcherOptions(SearcherOptions.builder().setMaxResults(5).build())
  .build()
val searcher =
  ImageSearcher.createFromFileAndOptions(context, "{file}", options)
val square = Bitmap.createScaledBitmap(bitmap, {px}, {px}, true)
for (neighbor in searcher.search(TensorImage.fromBitmap(square))) {{
  val item = JSONObject(Charsets.UTF_8.decode(neighbor.metadata).toString())
  Log.i("search", "${{item["name"]}}: ${{neighbor.distance / 2}}")
}}
```

In Python up to 3.11, where there is no TensorFlow
(`pip install tflite-support==0.4.4`, and the system's libusb):

```python
import json
from tflite_support.task import vision

searcher = vision.ImageSearcher.create_from_file('{file}')
image = vision.TensorImage.create_from_file('{manifest['golden']['input']}')
for neighbor in searcher.search(image).nearest_neighbors:
  print(json.loads(neighbor.metadata)['name'], neighbor.distance / 2)
```

An item is JSON of `name`, `source` and `domain`; half the distance is
1 - cosine. The golden input's nearest is {texts.inline_code(first['name'])} at
{first['distance']:.4f}. The library scales an image of another size coarsely:
give it a square of {px} px.
Every vector is compared with, so a query's time grows with the index."""


def _web(files):
  name = _first_of(files, 'web')
  if not name:
    return []
  brings = any(p.startswith('litert_js/') for p in files[name]['contents'])
  runtime = (
    f'It brings LiteRT.js {litert_js.VERSION} and loads nothing from anywhere '
    'else.'
    if brings
    else f'It loads LiteRT.js {litert_js.VERSION}, some 10 MB, from '
    f'<{litert_js.URL}>, and runs only files with the right checksums. An '
    'export with `--litert_js=DIR` brings it along.'
  )
  return [
    '## In the browser',
    f"""```
python -m http.server --bind=127.0.0.1 --directory={name}
```

At <http://127.0.0.1:8000> is a page that translates on the visitor's own
device; no photo leaves it. Any host of files will do for `{name}/`, with HTTPS
for the camera. {runtime} <http://127.0.0.1:8000/?check> compares that browser's
results with the golden images.""",
  ]


def _serving(name, manifest):
  return f"""{_serve(name, manifest['golden']['input'])}

Signatures: `serving_default` (files in any size), `translate` (numbers),
`embed`."""


def _serving_all(manifest):
  first, second, *_ = manifest['domains']
  golden = manifest['golden']['input']
  return f"""{_serve(manifest['name'], golden)}

Signatures: `{first}2{second}` and so on (files in any size; choose by
`"signature_name"` beside `"instances"`), `{first}2{second}_floats` and so on
(numbers); `serving_default` is `{first}2{second}`."""


def _serve(name, golden):
  return f"""```
docker run -p 8501:8501 -v "$PWD/saved_model:/models/{name}" \\
    -v "$PWD/serving:/serving" tensorflow/serving \\
    --model_config_file=/serving/models.config --enable_batching \\
    --batching_parameters_file=/serving/batching.config \\
    --monitoring_config_file=/serving/monitoring.config
printf '{{"instances": [{{"b64": "%s"}}]}}' "$(base64 -w0 {golden})" |
    curl -s -d @- localhost:8501/v1/models/{name}:predict
```

{_PREDICTIONS}

With `-p 8500:8500` as well, that page and its API use TensorFlow Serving by
gRPC:

```
python -m tf_twingan.serve --tf_serving=localhost:8500 --bundle=.
```

Older versions stay in `saved_model/`. To serve two of them side by side, as
stable and canary, give `serving/models.config` a policy and labels:

```
    model_version_policy {{ specific {{ versions: 1 versions: 2 }} }}
    version_labels {{ key: "stable" value: 1 }}
    version_labels {{ key: "canary" value: 2 }}
```

Then `/v1/models/{name}/labels/canary:predict` and `--tf_serving_label=canary`
choose. TensorFlow Serving takes labels of versions that are not loaded yet, as
at its start, with `--allow_version_labels_for_unavailable_models=true`."""

/** The page: takes photos, has them translated, shows and saves the results. */

import {Camera} from './camera.js';
import {compare} from './check.js';
import {withTexts} from './png.js';
import {square} from './square.js';
import {ACCELERATORS, load} from './translator.js';

const SHOWN_SIDE = 512; // Of the photo beside the result, px, at most.
const MAX_BYTES = 50e6;

const query = new URLSearchParams(location.search);
const part = (id) => document.getElementById(id);
const camera = new Camera(part('video'));

let manifest;
let translator;
let photo; // {image, width, height} of the last one.
let downloadUrl;

start().catch(report);

async function start() {
  tell('Loading the model …');
  const response = await fetch('manifest.json', {cache: 'no-cache'});
  if (!response.ok) throw new Error(`manifest.json: HTTP ${response.status}`);
  manifest = await response.json();
  fillChoices();
  await loadFile();
  for (const id of ['choose', 'file', 'check']) part(id).disabled = false;
  part('camera').disabled = !Camera.isPossible();
  listen();
  if (query.has('check')) await check();
}

async function loadFile() {
  const wanted = query.get('accelerator');
  const accelerators = wanted in ACCELERATORS ? [wanted] : ['webgpu', 'wasm'];
  const file = manifest.files.find((f) => f.name === part('file').value);
  const loaded = await load(manifest, file, accelerators);
  const [golden] = loaded.checked;
  if (!golden.passes) {
    loaded.delete();
    throw new Error(
      'The model runs, but its images differ from those it gave when it was ' +
        'exported. This browser changes what is read from a canvas (some do ' +
        'for privacy), or computes wrongly; try another one.',
    );
  }
  translator?.delete();
  translator = loaded;
  part('accelerator').textContent = ACCELERATORS[translator.accelerator];
  showTime(translator.milliseconds);
  tell('Ready.');
  if (photo) await translatePhoto();
  else await showExample(golden);
}

function fillChoices() {
  const files = manifest.files.map(({name, format, bytes}) => {
    const size = (bytes / 1e6).toFixed(bytes < 1e5 ? 3 : 1);
    return new Option(`${format}, ${size} MB`, name);
  });
  part('file').replaceChildren(...files);
  const asked = manifest.files.find((f) => f.format === query.get('file'));
  if (asked) part('file').value = asked.name;
  const sources = new Set(manifest.directions.map((d) => d.source));
  part('source').replaceChildren(...[...sources].map((d) => new Option(d, d)));
  fillTargets();
  part('directions').hidden = manifest.directions.length === 1;
}

function fillTargets() {
  const source = part('source').value;
  const targets = manifest.directions.filter((d) => d.source === source);
  const before = part('target').value;
  part('target').replaceChildren(
    ...targets.map(({target}) => new Option(target, target)),
  );
  if (targets.some((d) => d.target === before)) part('target').value = before;
  const {prepared} = direction();
  part('preparation').textContent =
    `The largest square in the middle is used, at ${manifest.resolution} px.` +
    (prepared
      ? ` The images of ${source} that the model learned from were ` +
        `${prepared}; choose some that were prepared alike, as others ` +
        'translate badly.'
      : '');
}

function direction() {
  const [source, target] = [part('source').value, part('target').value];
  return manifest.directions.find(
    (d) => d.source === source && d.target === target,
  );
}

function listen() {
  part('choose').addEventListener('change', (event) => {
    const [file] = event.target.files;
    event.target.value = '';
    if (file) run(() => takeFile(file));
  });
  const drop = part('drop');
  for (const kind of ['dragover', 'dragleave', 'drop']) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle('over', kind === 'dragover');
    });
  }
  document.addEventListener('drop', (event) => {
    const [file] = event.dataTransfer.files;
    if (file) run(() => takeFile(file));
  });
  document.addEventListener('paste', (event) => {
    const [file] = event.clipboardData.files;
    if (file) run(() => takeFile(file));
  });
  part('source').addEventListener('change', () => {
    fillTargets();
    run(translateAgain);
  });
  part('target').addEventListener('change', () => run(translateAgain));
  part('file').addEventListener('change', () =>
    run(async () => {
      tell('Loading the model …');
      try {
        await loadFile();
      } finally {
        // If it fails, the one before it serves on.
        part('file').value = translator.file.name;
      }
    }),
  );
  part('share').addEventListener('input', (event) => {
    part('pair').style.setProperty('--divider', `${event.target.value}%`);
  });
  part('camera').addEventListener('click', () => run(startCamera));
  part('take').addEventListener('click', () => run(takePhoto));
  part('stop').addEventListener('click', stopCamera);
  part('check').addEventListener('click', () => run(check));
}

async function takeFile(file) {
  if (file.size > MAX_BYTES) {
    throw new Error(
      `${file.name} has over ${MAX_BYTES / 1e6} MB; save it smaller first.`,
    );
  }
  let image;
  try {
    image = await createImageBitmap(file);
  } catch {
    throw new Error(
      `${file.name || 'What you gave'} is no image that this browser can read.`,
    );
  }
  await takeImage(image, image.width, image.height);
}

async function takeImage(image, width, height) {
  photo?.image.close?.();
  photo = {image, width, height};
  await translatePhoto();
}

function translateAgain() {
  return photo ? translatePhoto() : undefined;
}

async function translatePhoto() {
  tell('Translating …');
  await nextFrame();
  const translated = photo;
  const {image, width, height} = translated;
  const chosen = direction();
  const shown = square(
    image,
    width,
    height,
    manifest.resolution,
    chosen.framing,
  );
  const {pixels, milliseconds} = await translator.translate(
    shown.pixels,
    chosen,
  );
  if (photo !== translated) return; // Another one was taken meanwhile.
  drawPart(part('before'), image, shown.box);
  await show(pixels, chosen);
  showTime(milliseconds);
  tell(`Translated to ${chosen.target} in ${part('time').textContent}.`);
  part('caption').textContent = '';
}

async function showExample({direction: chosen, input, pixels}) {
  drawPixels(part('before'), input, manifest.resolution);
  await show(pixels, chosen);
  part('caption').textContent = 'An example that came with the model.';
}

function showTime(milliseconds) {
  const digits = milliseconds < 10 ? 1 : 0;
  part('time').textContent = `${milliseconds.toFixed(digits)} ms`;
}

async function show(pixels, chosen) {
  const after = part('after');
  drawPixels(after, pixels, manifest.resolution);
  part('before').setAttribute('aria-label', `Before: ${chosen.source}`);
  after.setAttribute('aria-label', `After: ${chosen.target}`);
  part('result').hidden = false;
  const blob = await new Promise((done) => after.toBlob(done, 'image/png'));
  const png = await withTexts(blob, manifest.provenance);
  URL.revokeObjectURL(downloadUrl);
  downloadUrl = URL.createObjectURL(png);
  part('download').href = downloadUrl;
  part('download').download = `${chosen.source}2${chosen.target}.png`;
}

/** Draws what the result is of, as finely as the photo has it. */
function drawPart(canvas, image, [left, top, right, bottom]) {
  const [width, height] = [right - left, bottom - top];
  const side = Math.max(width, height);
  canvas.width = canvas.height = Math.max(1, Math.min(SHOWN_SIDE, side));
  const scale = canvas.width / side;
  const [x, y] = [width, height].map((s) => (canvas.width - s * scale) / 2);
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(
    image, left, top, width, height, x, y, width * scale, height * scale,
  );
}

function drawPixels(canvas, pixels, side) {
  canvas.width = canvas.height = side;
  const image = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    image.data.set(pixels.subarray(3 * i, 3 * i + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext('2d').putImageData(image, 0, 0);
}

async function startCamera() {
  await camera.start();
  part('filming').hidden = false;
  part('camera').disabled = true;
  tell('The camera runs; its images stay in this browser.');
  part('take').focus();
}

async function takePhoto() {
  const image = await camera.photo();
  await takeImage(image, image.width, image.height);
}

function stopCamera() {
  camera.stop();
  part('filming').hidden = true;
  part('camera').disabled = false;
  part('camera').focus();
}

async function check() {
  tell('Checking …');
  await nextFrame();
  const found = await compare(translator, manifest);
  const rows = found.map((one) => {
    const row = document.createElement('tr');
    const psnr = Number.isFinite(one.psnr) ? one.psnr.toFixed(1) : 'equal';
    const needed = `needs ${one.needed.toFixed(1)}`;
    for (const text of [
      `${one.direction.source} to ${one.direction.target}`,
      one.largest,
      `${psnr} (${needed})`,
      one.passes ? 'right' : 'wrong',
    ]) {
      row.insertCell().textContent = text;
    }
    return row;
  });
  part('checked').tBodies[0].replaceChildren(...rows);
  part('checked').hidden = false;
  const wrong = found.filter((one) => !one.passes).length;
  tell(
    `Checked ${translator.file.format}: ${found.length - wrong} right, ` +
      `${wrong} wrong.`,
  );
  document.body.dataset.checked = wrong ? 'wrong' : 'right';
}

async function run(action) {
  part('error').hidden = true;
  try {
    await action();
  } catch (error) {
    report(error);
  }
}

function report(error) {
  console.error(error);
  tell('');
  part('error').textContent = error.message ?? String(error);
  part('error').hidden = false;
}

function tell(text) {
  part('status').textContent = text;
}

/** Lets the browser show what it was told before it is busy. */
function nextFrame() {
  return new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}

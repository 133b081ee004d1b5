// The page: what is chosen, what is asked of the server, and what is shown.

import {Camera} from './camera.js';
import * as choosing from './choosing.js';
import * as examples from './examples.js';
import * as neighbours from './neighbours.js';
import * as options from './options.js';
import * as parts from './parts.js';
import * as pictures from './pictures.js';
import * as server from './server.js';
import {Stage} from './stage.js';

const get = id => document.getElementById(id);
const stage = new Stage();
const NEIGHBOURS = 6;
// Until the server has said its own.
const LIMITS = {max_body_bytes: 20e6, max_pixels: 40e6};

let offer = null;  // The answer of /v1/domains.
let model, source, to;  // What is chosen of it.
let picture = null;
let found = null;  // The faces of the picture, or null.
let part = 'square';
let result = null;  // {blob, names, part}
let camera = null;
let live = null;  // Stops the live mode.
let job = new AbortController();

// ---- What the server offers

async function connect() {
  say('Connecting …');
  offer = await server.domains();
  model = offer.models.find(({name}) => name === offer.default) ?? offer.models[0];
  [source, to] = [model.directions[0].source, model.directions[0].to];
  showChoices();
}

const sourcesOf = target => model.directions.filter(d => d.to === target).map(d => d.source);
const targets = () => [...new Set(model.directions.map(d => d.to))];

// Chooses a direction that the model has, near the one that is asked for.
function turn(newSource, newTo) {
  to = targets().includes(newTo) ? newTo : targets()[0];
  const sources = sourcesOf(to);
  source = sources.includes(newSource) ? newSource : sources[0];
}

function showChoices() {
  const named = name => ({value: name, label: name});
  options.fill(get('to'), targets().map(named), to, value => {
    const was = source;
    turn(source === value ? to : source, value);
    redo(source !== was);
  });
  options.fill(get('source'), sourcesOf(to).map(named), source, value => {
    source = value;
    redo(true);
  });
  options.fill(
    get('model'), offer.models.map(({name}) => named(name)), model.name,
    name => {
      model = offer.models.find(one => one.name === name);
      turn(source, to);
      redo(true);
    });
  const title = get('title');
  const middle = document.createElement('em');
  middle.textContent = 'into';
  title.replaceChildren(capital(source), ' ', middle, ' ', to);
  document.title = `${get('title').textContent} · tf_twingan`;
  get('examples-note').textContent = examples.note(model.name);
  get('model-line').textContent = `${model.name} · ${model.resolution} px`;
}

const capital = text => text.charAt(0).toUpperCase() + text.slice(1);

// After another choice. `other`: whether faces may be others, too.
function redo(other) {
  showChoices();
  if (camera || !picture) return;
  run(() => other ? examine() : translate());
}

// ---- From a picture to its translation

// Runs something that a newer wish cancels, and reports what goes wrong.
async function run(work) {
  job.abort();
  job = new AbortController();
  const mine = job;
  hideProblem();
  stage.setBusy(true);
  try {
    await work(mine.signal);
  } catch (error) {
    if (mine.signal.aborted) return;
    report(error, () => run(work));
  } finally {
    if (job === mine) stage.setBusy(false);
  }
}

// Takes a picture from wherever it came.
function use(blob, name, domain = null) {
  return run(async signal => {
    const next = await pictures.open(blob, name, offer?.limits ?? LIMITS);
    if (signal.aborted) return;
    closeCamera();
    if (!offer) await connect();
    picture = next;
    if (domain && domain !== source) {
      turn(domain, domain === to ? source : to);
      showChoices();
    }
    await examine();
  });
}

// Shows the picture, looks for faces, and translates.
async function examine({square = false} = {}) {
  const {signal} = job;
  forgetResult();
  found = null;
  if (picture.bitmap) stage.showBefore(pictures.whole(picture.bitmap), 'The original');
  else stage.clear();
  if (!square && model.abilities.faces.includes(source)) {
    say('Looking for faces …');
    const answer = await server.findFaces(
      picture.blob, {model: model.name, source}, signal);
    if (signal.aborted) return;
    found = answer;
  }
  part = square ? 'square' : parts.first(found);
  showParts();
  await translate();
}

function showParts() {
  options.fill(get('part'), parts.options(found, picture.bitmap), part, choosePart);
}

function choosePart(value) {
  part = value;
  run(translate);
}

async function translate() {
  const {signal} = job;
  const names = {source, to};
  say(`Translating ${source} into ${to} …`);
  const started = performance.now();
  const answer = await server.translate(
    picture.blob, {model: model.name, ...names}, parts.fields(part), signal);
  const blob = server.fromBase64(answer.image);
  const bitmap = await createImageBitmap(blob);
  if (signal.aborted) return;
  const seconds = (performance.now() - started) / 1000;
  const {bitmap: original} = picture;
  if (original) {
    stage.replaceBefore(part === 'square'
      ? pictures.square(original, cornersIn(original), 'white')
      : pictures.whole(original));
  }
  stage.showAfter(bitmap, names, {original: Boolean(original)});
  showResult({blob, names, part});
  showBoxes();
  say(`${capital(source)} into ${to}, ${answer.width} × ${answer.height} px, in `
    + `${seconds < 1 ? seconds.toFixed(2) : seconds.toFixed(1)} s.${facesText()}`);
}

// Of the square that the model takes of an image.
function cornersIn(bitmap) {
  const framing = model.framings[source];
  // The largest face is aligned, where the model's images were.
  if (framing.prepared && found?.faces.length) return found.faces[0].corners;
  return pictures.framed(bitmap, framing);
}

function facesText() {
  if (!found) return '';
  const count = found.faces.length;
  if (!count) return ' No face was found.';
  return count === 1 ? ' One face was found.' : ` ${count} faces were found.`;
}

function showBoxes() {
  if (part === 'square' || !found?.faces.length) return stage.hideBoxes();
  stage.showBoxes(
    found.faces, found.width, found.height,
    number => options.choose(get('part'), number));
  stage.chooseBoxes(number => parts.includes(part, number));
}

// ---- What can be done with a result

function showResult(value) {
  forgetResult();
  result = value;
  const link = get('download');
  link.href = URL.createObjectURL(result.blob);
  link.download = `${picture.stem}.${result.names.to}.png`;
  const {source: from, to: into} = result.names;
  get('back').hidden = !model.directions.some(d => d.source === into && d.to === from);
  get('back').textContent = `Back into ${from}`;
  get('copy').hidden = !(navigator.clipboard?.write && window.ClipboardItem);
  get('search').hidden = !offer.search;
  get('actions').hidden = false;
}

function forgetResult() {
  result = null;
  get('actions').hidden = true;
  get('found').hidden = true;
  stage.hideBoxes();
  const link = get('download');
  if (link.href) URL.revokeObjectURL(link.href);
  link.removeAttribute('href');
}

async function copy() {
  try {
    await navigator.clipboard.write([new ClipboardItem({'image/png': result.blob})]);
    say('Copied.');
  } catch {
    report(new Error('The browser does not let this page copy; download the image instead.'));
  }
}

function back() {
  const {blob, names, part: of} = result;
  const name = get('download').download;
  run(async () => {
    picture = await pictures.open(blob, name, offer.limits);
    turn(names.to, names.source);
    showChoices();
    await examine({square: of === 'square'});
  });
}

function search() {
  run(async signal => {
    say('Searching …');
    const k = Math.min(NEIGHBOURS, offer.limits.max_neighbours);
    const answer = await server.search(picture.blob, {source, k}, signal);
    if (signal.aborted) return;
    neighbours.show(get('neighbours'), answer.neighbours);
    get('found').hidden = false;
    get('found-title').focus();
    say(`${answer.neighbours.length} found, the nearest first.`);
  });
}

// ---- The camera

async function openCamera() {
  await run(async signal => {
    const opened = new Camera();
    await opened.start();
    if (signal.aborted) return opened.stop();
    if (!offer) await connect();
    camera = opened;
    forgetResult();
    get('part').hidden = true;
    get('sources').hidden = true;
    get('camera-controls').hidden = false;
    preview();
    get('take').focus();
    say('The camera is on; nothing of it is sent yet.');
  });
}

function preview() {
  stage.hideAfter();
  camera.preview(image => stage.showBefore(image, 'What the camera sees'));
}

function closeCamera() {
  if (!camera) return;
  stopLive();
  camera.stop();
  camera = null;
  const hadFocus = get('camera-controls').contains(document.activeElement);
  get('camera-controls').hidden = true;
  get('sources').hidden = false;
  if (hadFocus) get('camera').focus();
}

async function takePhoto() {
  const blob = await camera.photo();
  await use(blob, 'photo.jpg');
}

function stopCamera() {
  closeCamera();
  if (picture) run(examine);
  else say('The camera is off.');
}

function toggleLive() {
  if (live) {
    stopLive();
    preview();
    say('Live translation has stopped; nothing is sent.');
  } else {
    startLive();
  }
}

function startLive() {
  live = new AbortController();
  const {signal} = live;
  get('live').setAttribute('aria-pressed', 'true');
  hideProblem();
  camera.stopPreview();
  say('Live: each frame is sent to the server and translated.');
  const rate = get('rate');
  const step = async (blob, canvas) => {
    const names = {source, to};
    const framing = model.framings[source];
    // A model of aligned faces gets the face of each frame.
    const what = framing.prepared ? {faces: 'largest'} : {};
    let answer;
    try {
      answer = await server.translate(
        blob, {model: model.name, ...names}, what, signal);
    } catch (error) {
      if (error.code === 'no_face') {
        return stage.showBefore(canvas, 'What the camera sees');
      }
      if (error.status !== 429) throw error;
      // Others are translated now; this frame is left out.
      return wait(1000 * (error.retryAfter || 1));
    }
    const bitmap = await createImageBitmap(server.fromBase64(answer.image));
    if (signal.aborted) return;
    stage.replaceBefore(framing.prepared
      ? canvas : pictures.square(canvas, pictures.framed(canvas, framing), 'white'));
    stage.showAfter(bitmap, names);
    bitmap.close();
  };
  const showRate = frames => {
    rate.hidden = false;
    rate.textContent = `${frames < 10 ? frames.toFixed(1) : Math.round(frames)} frames/s`;
  };
  camera.live(step, signal, showRate).catch(error => {
    if (signal.aborted) return;
    stopLive();
    preview();
    report(error, startLive);
  });
}

function stopLive() {
  live?.abort();
  live = null;
  get('live').setAttribute('aria-pressed', 'false');
  get('rate').hidden = true;
}

const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds));

// ---- What is said

function say(text) {
  get('status').textContent = text;
}

function report(error, again = null) {
  say('');
  const asksToken = error.status === 401;
  get('problem-text').textContent = asksToken
    ? 'This server asks for a token; who runs it has one for you.' : error.message;
  get('problem').hidden = false;
  get('again').hidden = !(again && mayHelp(error));
  get('again').onclick = again;
  get('token-form').hidden = !asksToken;
  get('token-form').onsubmit = event => {
    event.preventDefault();
    server.setToken(get('token').value);
    again?.();
  };
}

// Whether the same may work a moment later.
function mayHelp(error) {
  return error.code === 'unreachable' || error.status === 429 || error.status >= 500;
}

function hideProblem() {
  get('problem').hidden = true;
  get('problem-text').textContent = '';
}

// ---- From the start

get('camera').addEventListener('click', openCamera);
get('take').addEventListener('click', takePhoto);
get('live').addEventListener('click', toggleLive);
get('stop').addEventListener('click', stopCamera);
get('copy').addEventListener('click', copy);
get('back').addEventListener('click', back);
get('search').addEventListener('click', search);
choosing.listen({
  input: get('file'),
  use: file => use(file, file.name),
  refuse: message => report(new Error(message)),
});
const tryFirst = examples.show(get('examples'), use, report);
run(async () => {
  await connect();
  // So that there is something to see at once.
  if (!picture) tryFirst();
});

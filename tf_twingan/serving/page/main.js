// The page: from an image, wherever it comes from, to what can be done with its
// translation.

import {capital, Choices} from './choices.js';
import * as choosing from './choosing.js';
import * as examples from './examples.js';
import {Filming} from './filming.js';
import {hideProblem, report, say} from './messages.js';
import * as neighbours from './neighbours.js';
import * as options from './options.js';
import * as parts from './parts.js';
import * as pictures from './pictures.js';
import * as server from './server.js';
import {Stage} from './stage.js';

const get = id => document.getElementById(id);
const NEIGHBOURS = 6;

const stage = new Stage();
const choices = new Choices(isOther => {
  if (!picture || filming.isOpen) return;
  run(isOther || examined !== picture ? examine : translate);
});
const filming = new Filming({
  stage, choices, take: use, stopped: () => picture && run(examine)});
let picture = null;
let examined = null;  // The picture that `found` and the parts are of.
let found = null;  // Its faces, or null.
let part = 'square';
let result = null;  // {blob, source, to, part}
let job = new AbortController();

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
    if (examined !== picture) get('part').hidden = true;
    report(error, () => run(work));
  } finally {
    if (job === mine) stage.setBusy(false);
  }
}

async function connect() {
  if (choices.offer) return;
  say('Connecting …');
  await choices.load();
}

// Takes an image. `domain`: that it belongs to, if that is known.
function use(blob, name, domain = null) {
  return run(async signal => {
    const next = await pictures.open(blob, name, choices.limits);
    if (signal.aborted) return;
    filming.close();
    await connect();
    if (signal.aborted) return;
    picture = next;
    const {source, to} = choices;
    if (domain && domain !== source) {
      choices.turn(domain, domain === to ? source : to);
    }
    await examine(signal);
  });
}

// Shows the picture, looks for faces, and translates.
async function examine(signal, {isSquare = false} = {}) {
  forgetResult();
  examined = found = null;
  // The parts of another picture, until its own are known.
  get('part').disabled = true;
  if (picture.bitmap) stage.showBefore(pictures.whole(picture.bitmap), 'The original');
  else stage.clear();
  if (!isSquare && choices.findsFaces) {
    say('Looking for faces …');
    const answer = await server.findFaces(picture.blob, choices.fields, signal);
    if (signal.aborted) return;
    found = answer;
  }
  part = isSquare ? 'square' : parts.first(found);
  options.fill(get('part'), parts.options(found, picture.bitmap), part, value => {
    part = value;
    run(translate);
  });
  examined = picture;
  await translate(signal);
}

async function translate(signal) {
  const {fields} = choices;
  const {source, to} = fields;
  say(`Translating ${source} into ${to} …`);
  const started = performance.now();
  const answer = await server.translate(
    picture.blob, fields, parts.fields(part), signal);
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
  stage.showAfter(bitmap, fields, {original: Boolean(original)});
  showResult({blob, source, to, part});
  showBoxes();
  say(`${capital(source)} into ${to}, ${answer.width} × ${answer.height} px, in `
    + `${seconds < 1 ? seconds.toFixed(2) : seconds.toFixed(1)} s.${facesText()}`);
}

// Of the square that the model takes of an image.
function cornersIn(bitmap) {
  const {framing} = choices;
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
  const {source, to} = result;
  const link = get('download');
  link.href = URL.createObjectURL(result.blob);
  link.download = `${picture.stem}.${to}.png`;
  get('back').hidden = !choices.translates(to, source);
  get('back').textContent = `Back into ${source}`;
  get('copy').hidden = !(navigator.clipboard?.write && window.ClipboardItem);
  get('search').hidden = !choices.offer.search;
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
  const {blob, source, to, part: translated} = result;
  const name = get('download').download;
  run(async signal => {
    const next = await pictures.open(blob, name, choices.limits);
    if (signal.aborted) return;
    picture = next;
    choices.turn(to, source);
    await examine(signal, {isSquare: translated === 'square'});
  });
}

function search() {
  run(async signal => {
    say('Searching …');
    const k = Math.min(NEIGHBOURS, choices.limits.max_neighbours);
    const answer = await server.search(
      picture.blob, {source: choices.source, k}, signal);
    if (signal.aborted) return;
    neighbours.show(get('neighbours'), answer.neighbours);
    get('found').hidden = false;
    get('found-title').focus();
    say(`${answer.neighbours.length} found, the nearest first.`);
  });
}

// ---- From the start

get('copy').addEventListener('click', copy);
get('back').addEventListener('click', back);
get('search').addEventListener('click', search);
get('camera').addEventListener('click', () => run(async signal => {
  await connect();
  await filming.open(signal);
  if (filming.isOpen) forgetResult();
}));
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

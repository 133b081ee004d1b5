// The camera's buttons: what it sees, a photo of that, and each frame translated.

import {Camera} from './camera.js';
import {hideProblem, report, say} from './messages.js';
import * as pictures from './pictures.js';
import * as server from './server.js';

const get = id => document.getElementById(id);
const SEEN = 'What the camera sees';

export class Filming {
  // `take(blob, name)` gets a photo, `stopped()` is called where there is none.
  constructor({stage, choices, take, stopped}) {
    Object.assign(this, {stage, choices, camera: null, live: null});
    get('take').addEventListener(
      'click', async () => take(await this.camera.photo(), 'photo.jpg'));
    get('live').addEventListener('click', () => this.toggleLive());
    get('stop').addEventListener('click', () => {
      this.close();
      say('The camera is off.');
      stopped();
    });
  }

  get isOpen() {
    return this.camera !== null;
  }

  async open(signal) {
    const camera = new Camera();
    await camera.start();
    if (signal.aborted) return camera.stop();
    this.camera = camera;
    get('part').hidden = true;
    this.showButtons(true);
    this.preview();
    get('take').focus();
    say('The camera is on; nothing of it is sent yet.');
  }

  close() {
    if (!this.camera) return;
    this.stopLive();
    this.camera.stop();
    this.camera = null;
    const hadFocus = get('camera-controls').contains(document.activeElement);
    this.showButtons(false);
    if (hadFocus) get('camera').focus();
  }

  showButtons(isOpen) {
    get('sources').hidden = isOpen;
    get('camera-controls').hidden = !isOpen;
  }

  preview() {
    this.stage.hideAfter();
    this.camera.preview(image => this.stage.showBefore(image, SEEN));
  }

  toggleLive() {
    if (!this.live) return this.startLive();
    this.stopLive();
    this.preview();
    say('Live translation has stopped; nothing is sent.');
  }

  startLive() {
    this.live = new AbortController();
    const {signal} = this.live;
    get('live').setAttribute('aria-pressed', 'true');
    hideProblem();
    this.camera.stopPreview();
    say('Live: each frame is sent to the server and translated.');
    const step = (blob, canvas) => this.translate(blob, canvas, signal);
    this.camera.live(step, signal, showRate).catch(error => {
      if (signal.aborted) return;
      this.stopLive();
      this.preview();
      report(error, () => this.startLive());
    });
  }

  stopLive() {
    this.live?.abort();
    this.live = null;
    get('live').setAttribute('aria-pressed', 'false');
    get('rate').hidden = true;
  }

  // Translates a frame, and shows both.
  async translate(blob, canvas, signal) {
    const {fields, framing} = this.choices;
    // A model of aligned faces gets the face of each frame.
    const part = framing.prepared ? {faces: 'largest'} : {};
    let answer;
    try {
      answer = await server.translate(blob, fields, part, signal);
    } catch (error) {
      if (error.code === 'no_face') return this.stage.showBefore(canvas, SEEN);
      if (error.status !== 429) throw error;
      // Others are translated now; this frame is left out.
      return wait(1000 * (error.retryAfter || 1));
    }
    const bitmap = await createImageBitmap(server.fromBase64(answer.image));
    if (signal.aborted) return;
    this.stage.replaceBefore(framing.prepared
      ? canvas : pictures.square(canvas, pictures.framed(canvas, framing), 'white'));
    this.stage.showAfter(bitmap, fields);
    bitmap.close();
  }
}

function showRate(frames) {
  get('rate').hidden = false;
  get('rate').textContent = `${frames < 10 ? frames.toFixed(1) : Math.round(frames)} frames/s`;
}

function wait(milliseconds) {
  return new Promise(done => setTimeout(done, milliseconds));
}

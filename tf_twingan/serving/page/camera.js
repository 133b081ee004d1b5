// The camera: its video, and frames that are translated one after another.

import {frameOf, toBlob} from './pictures.js';

const REASONS = {
  NotAllowedError: 'The camera was refused. Allow it for this page in the '
    + 'settings beside the address, then try again.',
  NotFoundError: 'No camera was found; connect one, or choose an image.',
  NotReadableError: 'The camera cannot be used now; another program may have it.',
};
const PHOTO = 1024;  // px, both sides of a photo that is taken
const LIVE = 384;  // px, of each frame that is sent

export class Camera {
  // Asks for a camera. Throws an Error whose message is for people.
  async start() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error(
        'Browsers give the camera only to pages under https:// or of this very '
        + 'machine; choose an image instead.');
    }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        video: {facingMode: 'user', width: {ideal: 1280}, height: {ideal: 720}},
      });
    } catch (error) {
      throw new Error(
        REASONS[error.name] ?? 'The camera does not start; choose an image instead.');
    }
    this.video = Object.assign(document.createElement('video'), {
      muted: true, playsInline: true, srcObject: this.stream,
    });
    await this.video.play();
  }

  // Calls `show(canvas)` for what the camera sees, until `stopPreview` or `stop`.
  preview(show) {
    const step = () => {
      show(frameOf(this.video, 512));
      this.previewing = requestAnimationFrame(step);
    };
    this.stopPreview();
    step();
  }

  stopPreview() {
    cancelAnimationFrame(this.previewing);
  }

  photo() {
    const {videoWidth, videoHeight} = this.video;
    return toBlob(frameOf(this.video, Math.min(PHOTO, videoWidth, videoHeight)));
  }

  // Sends frame after frame to `translate(blob, canvas)`, until the signal.
  async live(translate, signal, showRate) {
    const times = [];
    while (!signal.aborted) {
      if (document.hidden) {
        await becomesVisible();
        times.length = 0;
        continue;
      }
      const canvas = frameOf(this.video, LIVE);
      await translate(await toBlob(canvas, 'image/jpeg', 0.85), canvas);
      if (signal.aborted) return;
      times.push(performance.now());
      while (times.at(-1) - times[0] > 2000) times.shift();
      if (times.length > 1) {
        showRate(1000 * (times.length - 1) / (times.at(-1) - times[0]));
      }
    }
  }

  stop() {
    this.stopPreview();
    this.stream?.getTracks().forEach(track => track.stop());
    if (this.video) this.video.srcObject = null;
  }
}

function becomesVisible() {
  return new Promise(resolve => document.addEventListener(
    'visibilitychange', resolve, {once: true}));
}

// The stage: original and result on each other, a slider between them, and the
// boxes of faces.

import {enlarge} from './enlarge.js';

const get = id => document.getElementById(id);
const still = matchMedia('(prefers-reduced-motion: reduce)');
// A smaller result is enlarged to about as much, px.
const SHOWN = 640;
// Beyond, a result is a blur: px of the screen for one of the result.
const MOST_ENLARGED = 12;
// Where the slider rests: the result counts more.
const REST = 40;

export class Stage {
  constructor() {
    this.frame = get('frame');
    this.before = get('before');
    this.after = get('after');
    this.split = get('split');
    this.boxes = get('boxes');
    this.split.addEventListener('input', () => {
      this.stopSweep();
      this.showSplit();
    });
    this.showSplit();
  }

  // Shows an original alone. `image`: a canvas.
  showBefore(image, label) {
    this.stopSweep();
    draw(this.before, image);
    this.frame.classList.add('filled');
    this.before.setAttribute('aria-label', label);
    this.setRatio(image.width / image.height);
    this.hideAfter();
  }

  // Replaces the original under a result, of the same shape.
  replaceBefore(image) {
    draw(this.before, image);
    this.setRatio(image.width / image.height);
  }

  hideAfter() {
    this.frame.classList.remove('has-result');
    this.split.disabled = true;
    get('before-tag').hidden = get('after-tag').hidden = true;
  }

  // Shows nothing: of an image that the browser cannot read.
  clear() {
    this.stopSweep();
    this.frame.classList.remove('filled');
    this.before.width = this.before.height = 1;
    this.before.setAttribute('aria-label', 'The original, which cannot be shown');
    this.setRatio(1);
    this.hideAfter();
  }

  // Shows a result over the original. `names`: of the two domains.
  showAfter(bitmap, names, {sweep = true, original = true} = {}) {
    const {width, height} = bitmap;
    const factor = Math.floor(SHOWN / Math.max(width, height));
    draw(this.after, factor > 1 ? enlarge(bitmap, factor) : bitmap);
    this.frame.style.setProperty('--most', `${MOST_ENLARGED * width}px`);
    this.after.setAttribute('aria-label', `The result, ${names.to}`);
    this.setRatio(width / height);
    const [left, right] = [get('before-tag'), get('after-tag')];
    [left.textContent, right.textContent] = [names.source, names.to];
    left.hidden = !original;
    right.hidden = false;
    const isFirst = !this.frame.classList.contains('has-result');
    this.frame.classList.add('has-result', 'filled');
    this.split.disabled = !original;
    if (!original) this.setSplit(0);
    else if (isFirst && sweep) this.sweep();
  }

  setRatio(ratio) {
    this.frame.style.setProperty('--ratio', ratio.toFixed(4));
  }

  setSplit(value) {
    this.split.value = value;
    this.showSplit();
  }

  showSplit() {
    const original = Math.round(this.split.value);
    this.frame.style.setProperty('--split', `${this.split.value}%`);
    this.split.setAttribute(
      'aria-valuetext', `${original} % original, ${100 - original} % result`);
  }

  // Uncovers a new result, from the right.
  sweep() {
    this.stopSweep();
    if (still.matches) return this.setSplit(REST);
    const start = performance.now();
    const step = now => {
      const t = Math.min(1, (now - start) / 900);
      // Slows down towards its end.
      this.setSplit(REST + (100 - REST) * (1 - t) ** 4);
      if (t < 1) this.running = requestAnimationFrame(step);
      else this.stopSweep();
    };
    // So that a range of whole numbers does not make it jerk.
    this.split.step = 'any';
    this.running = requestAnimationFrame(step);
  }

  stopSweep() {
    cancelAnimationFrame(this.running);
    this.running = 0;
    this.split.step = 1;
  }

  setBusy(isBusy) {
    this.frame.setAttribute('aria-busy', String(isBusy));
  }

  // Draws the boxes of faces, of an image of that size. `select` is called with
  // the number of the one whose mark is pressed.
  showBoxes(faces, width, height, select) {
    this.boxes.replaceChildren(...faces.map(({box}, number) => {
      const [left, top, right, bottom] = box;
      const element = document.createElement('div');
      element.className = 'box';
      for (const [side, share] of Object.entries({
        left: left / width, top: top / height,
        width: (right - left) / width, height: (bottom - top) / height,
      })) element.style.setProperty(side, `${(100 * share).toFixed(2)}%`);
      // For pointers; the keyboard has the same choice among the options.
      const mark = document.createElement('span');
      mark.className = 'mark';
      mark.textContent = number + 1;
      mark.setAttribute('aria-hidden', 'true');
      mark.addEventListener('click', () => select(number));
      element.append(mark);
      return element;
    }));
  }

  // Marks the faces that are translated.
  chooseBoxes(isChosen) {
    [...this.boxes.children].forEach(
      (box, number) => box.classList.toggle('chosen', isChosen(number)));
  }

  hideBoxes() {
    this.boxes.replaceChildren();
  }
}

function draw(canvas, image) {
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext('2d').drawImage(image, 0, 0);
}

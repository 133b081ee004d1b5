// What of an image is translated: its square, some of its faces, or all of it.

import {square} from './pictures.js';

// A face that fills so much of an image is what the image is of.
const FILLS = 0.55;

// What to send for a part; see `translate` of server.js.
export function fields(part) {
  if (part === 'square') return {};
  return Number.isInteger(part) ? {face: part} : {faces: part};
}

// The options for an image. `found`: the answer of /v1/faces, or null for a
// model that knows no faces.
export function options(found, bitmap) {
  if (!found) {
    return [
      {value: 'square', label: 'Its middle square'},
      {value: 'none', label: 'All of it, piece by piece'},
    ];
  }
  const faces = found.faces.map(({box}, number) => ({
    value: number,
    label: found.faces.length > 1 ? `Face ${number + 1}` : 'The face',
    image: bitmap ? square(bitmap, around(box)) : undefined,
  }));
  const all = {value: 'all', label: `All ${faces.length} faces`};
  const whole = {value: 'square', label: faces.length ? 'The whole square' : 'Square'};
  return [...(faces.length > 1 ? [all] : []), ...faces, whole];
}

// The corners of a square around a box, with a little of what is beside it.
function around([left, top, right, bottom]) {
  const half = 0.65 * Math.max(right - left, bottom - top);
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return [[x - half, y - half], [x + half, y - half], [x + half, y + half], [x - half, y + half]];
}

// What is translated at first.
export function first(found) {
  if (!found?.faces.length) return 'square';
  if (found.faces.length > 1) return 'all';
  const [[x0, y0], [x1, y1]] = found.faces[0].corners;
  const side = Math.hypot(x1 - x0, y1 - y0);
  return side >= FILLS * Math.min(found.width, found.height) ? 'square' : 0;
}

// Whether a face is among those that a part translates.
export function includes(part, number) {
  return part === 'all' || part === number;
}

// Images as they are chosen: checked, decoded, and cut out for the stage.

const BIGGEST = 1024;  // px; a stage shows no more.

// An image that was chosen. `bitmap` is null where the browser cannot show what
// the server may still read, such as HEIC.
class Picture {
  constructor(blob, name, bitmap) {
    Object.assign(this, {blob, name, bitmap});
  }

  // The name without its suffix, for the name of a result.
  get stem() {
    return this.name.replace(/\.[^.]*$/, '').trim() || 'image';
  }
}

// Opens a file; throws an Error whose message is for people.
export async function open(blob, name, limits) {
  if (blob.type && !blob.type.startsWith('image/')) {
    throw new Error(`This is no image but ${kindOf(blob, name)}; choose a photo or a drawing.`);
  }
  if (!blob.size) throw new Error('This file is empty; choose another one.');
  const most = limits.max_body_bytes;
  // The rest of a request takes some hundred bytes.
  if (blob.size + 2000 > most) {
    throw new Error(
      `This image has ${megabytes(blob.size)} MB, and the server takes `
      + `${megabytes(most)} MB at most; save it smaller, as a JPEG for example.`);
  }
  let bitmap = null;
  try {
    bitmap = await createImageBitmap(blob);
  } catch {
    // The server says why, or reads it.
  }
  if (bitmap && bitmap.width * bitmap.height > limits.max_pixels) {
    const {width, height} = bitmap;
    bitmap.close();
    throw new Error(
      `This image has ${width} × ${height} pixels, ${Math.round(width * height / 1e6)} `
      + `megapixels, and the server takes ${Math.floor(limits.max_pixels / 1e6)}; `
      + 'make it smaller first.');
  }
  return new Picture(blob, name, bitmap);
}

function kindOf(blob, name) {
  const suffix = /\.(\w{1,8})$/.exec(name)?.[1];
  return suffix ? `a file of the kind .${suffix}` : `of the kind ${blob.type}`;
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0).replace(/\.0$/, '');
}

// All of an image, as a canvas that is not larger than needed.
export function whole(bitmap) {
  const {width, height} = bitmap;
  const scale = Math.min(1, BIGGEST / Math.max(width, height));
  const canvas = canvasOf(Math.round(width * scale), Math.round(height * scale));
  context(canvas).drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

// A square of an image, as a canvas. `corners`: of the square in px of the
// image, clockwise from its top left; `ground`: what is outside of the image.
export function square(bitmap, corners, ground = 'transparent') {
  const [[x0, y0], [x1, y1], , [x3, y3]] = corners;
  const length = Math.hypot(x1 - x0, y1 - y0);
  const side = Math.max(1, Math.round(Math.min(BIGGEST / 2, length)));
  const canvas = canvasOf(side, side);
  const drawing = context(canvas);
  drawing.fillStyle = ground;
  drawing.fillRect(0, 0, side, side);
  // From px of the image to those of the canvas: the inverse of the map that
  // takes its axes to the sides of the square.
  const map = new DOMMatrix([
    (x1 - x0) / side, (y1 - y0) / side, (x3 - x0) / side, (y3 - y0) / side, x0, y0,
  ]);
  drawing.setTransform(map.inverse());
  drawing.drawImage(bitmap, 0, 0);
  return canvas;
}

// The corners of the square that a model takes of an image. `crop`: the share of
// both sides that counts; `fit`: 'crop' for the middle, 'pad' for all of it.
export function framed({width, height}, {crop, fit}) {
  const side = crop * (fit === 'pad' ? Math.max(width, height) : Math.min(width, height));
  const left = (width - side) / 2;
  const top = (height - side) / 2;
  return [[left, top], [left + side, top], [left + side, top + side], [left, top + side]];
}

// What a video shows: its middle square, as in a mirror, as a canvas.
export function frameOf(video, side) {
  const canvas = canvasOf(side, side);
  const drawing = context(canvas);
  const {videoWidth: width, videoHeight: height} = video;
  const taken = Math.min(width, height);
  drawing.setTransform(-1, 0, 0, 1, side, 0);
  drawing.drawImage(
    video, (width - taken) / 2, (height - taken) / 2, taken, taken, 0, 0, side, side);
  return canvas;
}

export function toBlob(canvas, type = 'image/jpeg', quality = 0.92) {
  return new Promise((resolve, reject) => canvas.toBlob(
    blob => blob ? resolve(blob) : reject(new Error('The camera gave no image.')),
    type, quality));
}

function canvasOf(width, height) {
  return Object.assign(document.createElement('canvas'), {
    width: Math.max(1, width), height: Math.max(1, height)});
}

function context(canvas) {
  const drawing = canvas.getContext('2d');
  drawing.imageSmoothingQuality = 'high';
  return drawing;
}

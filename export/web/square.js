/**
 * Makes photos square as the training did, to the same bytes.
 *
 * A canvas would shrink them by a filter of the browser's choice. Here it is
 * that of Pillow, which the training used: a box filter by whole numbers down
 * to thrice the size, then Lanczos over three zeros, first along the rows, then
 * along the columns. Values are those of sRGB as they stand in the file, not
 * linear light, and sums are of whole numbers, with 22 bits for the weights.
 */

const LOBES = 3;
const GAP = 3; // A box filter goes before what is still larger than this.
const WEIGHT_ONE = 2 ** 22;
const STRIP_PIXELS = 2 ** 21; // A phone's canvas holds no more than some 2**24.

/**
 * Makes an image square.
 *
 * @param {CanvasImageSource} source The image, decoded and upright.
 * @param {number} width Its width, px.
 * @param {number} height Its height, px.
 * @param {number} resolution Side of the result, px.
 * @param {{crop: number, fit: string}} framing `crop` is the central fraction
 *     of both sides that is kept first; `fit` is 'crop' for the central square
 *     or 'pad' for all of it on white.
 * @return {{pixels: Uint8ClampedArray, box: number[]}} RGB, [resolution,
 *     resolution, 3], and the left, top, right and bottom of what it shows, px.
 */
export function square(source, width, height, resolution, {crop, fit}) {
  let keptWidth = crop * width;
  let keptHeight = crop * height;
  if (fit === 'crop') keptWidth = keptHeight = Math.min(keptWidth, keptHeight);
  const left = (width - keptWidth) / 2;
  const top = (height - keptHeight) / 2;
  const scale = resolution / Math.max(keptWidth, keptHeight);
  const columns = Math.max(1, roundToEven(keptWidth * scale));
  const rows = Math.max(1, roundToEven(keptHeight * scale));
  const box = [left, top, left + keptWidth, top + keptHeight];
  const size = [width, height];
  const pixels = resize(source, size, box, columns, rows);
  if (columns === resolution && rows === resolution) return {pixels, box};
  return {pixels: onWhite(pixels, columns, rows, resolution), box};
}

/** Shrinks or enlarges a part of an image: RGB, [rows, columns, 3]. */
function resize(source, size, box, columns, rows) {
  const kept = [box[2] - box[0], box[3] - box[1]];
  const target = [columns, rows];
  const factors = kept.map(
    (side, i) => Math.trunc(side / target[i] / GAP) || 1,
  );
  let region = [0, 0, ...size];
  if (Math.max(...factors) > 1) {
    // With as much around the part as the second filter may reach.
    const reach = kept.map((side, i) => ((LOBES - 0.5) * side) / target[i]);
    region = [
      Math.max(0, Math.trunc(box[0] - reach[0])),
      Math.max(0, Math.trunc(box[1] - reach[1])),
      Math.min(size[0], Math.ceil(box[2] + reach[0])),
      Math.min(size[1], Math.ceil(box[3] + reach[1])),
    ];
  }
  const image = reduce(source, region, factors);
  const inside = box.map((edge, i) =>
    Math.fround((edge - region[i % 2]) / factors[i % 2]),
  );
  const wide = filterRows(image, inside[0], inside[2], columns);
  const turned = filterRows(transpose(wide), inside[1], inside[3], rows);
  return transpose(turned).pixels;
}

/** Reads a part of an image, each pixel the mean of a box of pixels. */
function reduce(source, [left, top, right, bottom], [factorX, factorY]) {
  const width = right - left;
  const columns = Math.ceil(width / factorX);
  const rows = Math.ceil((bottom - top) / factorY);
  const pixels = new Uint8ClampedArray(columns * rows * 3);
  const rowsAtOnce = Math.max(1, Math.floor(STRIP_PIXELS / (width * factorY)));
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', {willReadFrequently: true});
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const y = top + first * factorY;
    const height = Math.min(rowsAtOnce * factorY, bottom - y);
    canvas.width = width;
    canvas.height = height;
    // Transparent pixels are laid on white.
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, height);
    context.drawImage(source, left, y, width, height, 0, 0, width, height);
    const {data} = context.getImageData(0, 0, width, height);
    const strip = pixels.subarray(first * columns * 3);
    meanOfBoxes(data, width, height, factorX, factorY, strip);
  }
  return {pixels, columns, rows};
}

function meanOfBoxes(data, width, height, factorX, factorY, result) {
  let at = 0;
  for (let top = 0; top < height; top += factorY) {
    const bottom = Math.min(top + factorY, height);
    for (let left = 0; left < width; left += factorX) {
      const right = Math.min(left + factorX, width);
      const count = (bottom - top) * (right - left);
      // A division by a multiplication, as Pillow rounds.
      const inverse = Math.floor(2 ** 24 / count);
      const half = Math.floor(count / 2);
      for (let channel = 0; channel < 3; channel++) {
        let sum = half;
        for (let y = top; y < bottom; y++) {
          let i = (y * width + left) * 4 + channel;
          for (let x = left; x < right; x++, i += 4) sum += data[i];
        }
        result[at++] = Math.floor((sum * inverse) / 2 ** 24);
      }
    }
  }
}

/** Filters from `start` to `end` along the rows to a number of columns. */
function filterRows({pixels, columns, rows}, start, end, count) {
  const scale = Math.fround(end - start) / count;
  const stretch = Math.max(scale, 1);
  const reach = LOBES * stretch;
  const result = new Uint8ClampedArray(rows * count * 3);
  for (let column = 0; column < count; column++) {
    const centre = start + (column + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const last = Math.min(columns, Math.trunc(centre + reach + 0.5));
    const weights = wholeWeights(first, last, centre, stretch);
    for (let row = 0; row < rows; row++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = WEIGHT_ONE / 2;
        let i = (row * columns + first) * 3 + channel;
        for (const weight of weights) {
          sum += weight * pixels[i];
          i += 3;
        }
        result[(row * count + column) * 3 + channel] = Math.floor(
          sum / WEIGHT_ONE,
        );
      }
    }
  }
  return {pixels: result, columns: count, rows};
}

function wholeWeights(first, last, centre, stretch) {
  const weights = [];
  for (let x = first; x < last; x++) {
    weights.push(lanczos((x - centre + 0.5) * (1 / stretch)));
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => {
    const scaled = (weight / total) * WEIGHT_ONE;
    return Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5));
  });
}

function lanczos(x) {
  return -LOBES <= x && x < LOBES ? sinc(x) * sinc(x / LOBES) : 0;
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function transpose({pixels, columns, rows}) {
  const result = new Uint8ClampedArray(pixels.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const from = (row * columns + column) * 3;
      const to = (column * rows + row) * 3;
      for (let channel = 0; channel < 3; channel++) {
        result[to + channel] = pixels[from + channel];
      }
    }
  }
  return {pixels: result, columns: rows, rows: columns};
}

function onWhite(pixels, columns, rows, resolution) {
  const result = new Uint8ClampedArray(resolution * resolution * 3).fill(255);
  const left = Math.floor((resolution - columns) / 2);
  const top = Math.floor((resolution - rows) / 2);
  for (let row = 0; row < rows; row++) {
    const line = pixels.subarray(row * columns * 3, (row + 1) * columns * 3);
    result.set(line, ((top + row) * resolution + left) * 3);
  }
  return result;
}

function roundToEven(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 ? below + 1 : below;
}

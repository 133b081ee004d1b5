/** Compares translations with the golden images of the bundle. */

import {address} from './runtime.js';
import {square} from './square.js';

const AS_IT_IS = {crop: 1, fit: 'crop'};

/**
 * Translates golden images and compares them with what the model gave.
 *
 * @param {Object} translator Of translator.js.
 * @param {Object} manifest Of the folder, manifest.json.
 * @param {number=} count How many directions, from the first; all by default.
 * @return {Promise<Object[]>} For each direction the largest difference of 255,
 *     the PSNR and the one that is needed, in dB, and the pixels.
 */
export async function compare(translator, manifest, count = Infinity) {
  const found = [];
  const directions = manifest.directions.slice(0, count);
  for (const [number, direction] of directions.entries()) {
    const [input, expected] = await Promise.all(
      [direction.input, direction.output].map((path) =>
        readPng(path, manifest.resolution),
      ),
    );
    const {pixels} = await translator.translate(input, direction);
    const differences = pixels.map((value, i) => Math.abs(value - expected[i]));
    const psnr = psnrOf(differences);
    const needed = translator.file.needed[number];
    found.push({
      direction,
      largest: differences.reduce((a, b) => Math.max(a, b), 0),
      psnr,
      needed,
      passes: psnr >= needed,
      input,
      pixels,
    });
  }
  return found;
}

/** Reads an image of the folder, RGB, [resolution, resolution, 3]. */
async function readPng(path, resolution) {
  const response = await fetch(address(path));
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  const image = await createImageBitmap(await response.blob());
  return square(image, image.width, image.height, resolution, AS_IT_IS).pixels;
}

function psnrOf(differences) {
  let sum = 0;
  for (const difference of differences) sum += difference ** 2;
  if (sum === 0) return Infinity;
  return 10 * Math.log10((255 ** 2 * differences.length) / sum);
}

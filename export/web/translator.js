/**
 * Translates squares on this device: a TFLite file, run by LiteRT.js.
 *
 * By WebGPU or by WebAssembly on the processor: whichever gives the right image
 * sooner, which depends on the device and on the size of the network.
 */

import {compare} from './check.js';
import {address, allow, fetchAllowed, fetchChecked} from './runtime.js';

export const ACCELERATORS = {webgpu: 'WebGPU', wasm: 'WebAssembly'};

let runtime; // The promise of LiteRT.js, which can be loaded once.

/**
 * Loads a file of the folder.
 *
 * @param {Object} manifest Of the folder, manifest.json.
 * @param {Object} file One of its `files`.
 * @param {string[]} accelerators Those to try.
 * @return {Promise<Translator>} By the fastest whose image is right, or else by
 *     the last that runs; its `checked` says how the image compares.
 */
export async function load(manifest, file, accelerators) {
  runtime ??= loadRuntime(manifest.runtime);
  const liteRt = await runtime;
  const response = await fetchChecked(address(file.name), file.integrity);
  const content = new Uint8Array(await response.arrayBuffer());
  const reasons = [];
  let best;
  for (const accelerator of accelerators) {
    if (accelerator === 'webgpu' && !hasWebGpu(liteRt)) continue;
    try {
      const model = await liteRt.loadAndCompile(content, {
        accelerator,
        // Half precision is farther from what the model gives.
        gpuOptions: {precision: 'fp32'},
      });
      const translator = new Translator(liteRt, model, manifest, file);
      await translator.tryOut(manifest);
      if (best?.isBetterThan(translator)) {
        translator.delete();
      } else {
        best?.delete();
        best = translator;
      }
    } catch (error) {
      reasons.push(`${ACCELERATORS[accelerator]}: ${error.message ?? error}`);
    }
  }
  if (best) return best;
  throw new Error(
    `This browser cannot run the model. ${reasons.join('; ') || 'No WebGPU'}.`,
  );
}

async function loadRuntime({url, version, integrity}) {
  const base = new URL(url, document.baseURI).href;
  allow(base, integrity);
  // The import checks it, too, but does not say what is wrong.
  await fetchAllowed(`${base}dist/index.js`);
  const liteRt = await import('@litertjs/core');
  try {
    await liteRt.loadLiteRt(`${base}wasm/`);
  } catch (error) {
    throw new Error(
      `LiteRT.js ${version} does not start here: ${error.message ?? error}`,
    );
  }
  return liteRt;
}

function hasWebGpu(liteRt) {
  return liteRt.isWebGPUSupported() && liteRt.getWebGpuDevice() !== null;
}

/** A compiled file. */
class Translator {
  #liteRt;
  #model;
  #busy = Promise.resolve();

  /** See `load`. */
  constructor(liteRt, model, manifest, file) {
    this.#liteRt = liteRt;
    this.#model = model;
    this.file = file;
    this.resolution = manifest.resolution;
    this.accelerator = model.options.accelerator;
  }

  /** Compares an image, and measures the time of a second run. */
  async tryOut(manifest) {
    this.checked = await compare(this, manifest, 1);
    const [{direction, input}] = this.checked;
    const {milliseconds} = await this.translate(input, direction);
    this.milliseconds = milliseconds;
  }

  /** Whether to prefer it to another, by what `tryOut` found. */
  isBetterThan(other) {
    const [own, others] = [this, other].map(({checked}) => checked[0].passes);
    return own === others ? this.milliseconds < other.milliseconds : own;
  }

  /**
   * Translates one square; calls wait for each other.
   *
   * @param {Uint8ClampedArray} pixels RGB, [resolution, resolution, 3].
   * @param {Object} direction One of the manifest's `directions`.
   * @return {Promise<{pixels: Uint8ClampedArray, milliseconds: number}>}
   */
  translate(pixels, direction) {
    const result = this.#busy.then(() => this.#translate(pixels, direction));
    this.#busy = result.catch(() => {});
    return result;
  }

  /** Frees its memory, after what it is doing. */
  delete() {
    this.#busy = this.#busy.then(() => this.#model.delete());
  }

  async #translate(pixels, direction) {
    const start = performance.now();
    const {Tensor} = this.#liteRt;
    const side = this.resolution;
    const inputs = {
      [this.file.input]: new Tensor(toFloats(pixels), [1, side, side, 3]),
    };
    for (const [name, number] of Object.entries(direction.numbers)) {
      inputs[name] = new Tensor(Int32Array.of(number), [1]);
    }
    let outputs = {};
    try {
      for (const {name} of this.#model.getInputDetails()) {
        inputs[name] = await inputs[name].moveTo(this.accelerator);
      }
      outputs = await this.#model.run(inputs);
      const floats = await outputs[this.file.output].data();
      const translated = toPixels(floats);
      return {pixels: translated, milliseconds: performance.now() - start};
    } finally {
      const tensors = [...Object.values(inputs), ...Object.values(outputs)];
      for (const tensor of tensors) {
        if (!tensor.deleted) tensor.delete();
      }
    }
  }
}

/** Numbers of 0 to 255 as floats of -1 to 1, rounded as the model's are. */
function toFloats(pixels) {
  const floats = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) {
    floats[i] = Math.fround(pixels[i] / 127.5) - 1;
  }
  return floats;
}

function toPixels(floats) {
  if (!floats.every(Number.isFinite)) {
    throw new Error('the network gives values that are no numbers');
  }
  // Rounds to the nearest, and halves to even numbers.
  const pixels = new Uint8ClampedArray(floats.length);
  for (let i = 0; i < floats.length; i++) {
    pixels[i] = Math.fround(Math.fround(floats[i] * 127.5) + 127.5);
  }
  return pixels;
}

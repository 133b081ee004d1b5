/**
 * Loads the WebAssembly of LiteRT.js, and no other than the page was made for.
 *
 * The import map has this module in place of '@litertjs/wasm-utils', whose one
 * function runs a script that could be anything. Here the browser compares each
 * file with a checksum from manifest.json before it runs.
 */

const integrity = new Map();

/**
 * Names the files that may be loaded.
 *
 * @param {string} base Address of the folder of LiteRT.js, with a slash.
 * @param {Object<string, string>} files {path in it: checksum}, as in the
 *     attribute `integrity` of a script.
 */
export function allow(base, files) {
  for (const [path, checksum] of Object.entries(files)) {
    integrity.set(new URL(path, base).href, checksum);
  }
}

/** The address of a file of the folder, whatever characters its path has. */
export function address(path) {
  return path.split('/').map(encodeURIComponent).join('/');
}

/**
 * Fetches a file and checks it.
 *
 * @param {string|URL} url Its address.
 * @param {string} checksum As in the attribute `integrity`.
 * @return {Promise<Response>}
 */
export async function fetchChecked(url, checksum) {
  try {
    const response = await fetch(url, {
      integrity: checksum,
      credentials: 'omit',
    });
    if (response.ok) return response;
    throw new Error(`HTTP ${response.status}`);
  } catch (error) {
    throw new Error(
      `${url} could not be loaded, or is not the file that this page was ` +
        `made for (${error.message}); check the connection, and load the ` +
        'page again.',
    );
  }
}

/**
 * Fetches a file of LiteRT.js and checks it.
 *
 * @param {string} url Its address.
 * @return {Promise<Response>}
 */
export function fetchAllowed(url) {
  return fetchChecked(url, checksumOf(url));
}

/**
 * What LiteRT.js calls to start its WebAssembly.
 *
 * @param {Function} Library Takes the module that was started.
 * @param {string} scriptUrl The script that starts it, beside its .wasm file.
 * @return {Promise<Object>} The library.
 */
export async function createWasmLib(Library, scriptUrl) {
  const script = new URL(scriptUrl, document.baseURI).href;
  const response = await fetchAllowed(script.replace(/\.js$/, '.wasm'));
  const wasmBinary = await response.arrayBuffer();
  await runScript(script);
  const start = self.ModuleFactory;
  self.ModuleFactory = undefined;
  return new Library(await start({wasmBinary}));
}

function runScript(url) {
  const script = document.createElement('script');
  script.integrity = checksumOf(url);
  script.crossOrigin = 'anonymous';
  script.src = url;
  return new Promise((resolve, reject) => {
    script.addEventListener('load', resolve);
    script.addEventListener('error', () =>
      reject(new Error(`${url} could not be loaded, or has been changed.`)),
    );
    document.head.append(script);
  });
}

function checksumOf(url) {
  const checksum = integrity.get(url);
  if (!checksum) throw new Error(`${url} is no file of this page.`);
  return checksum;
}

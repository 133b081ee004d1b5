/** Writes PNGs that say how they came about, in texts (PNG, section 11.3.4). */

const HEADER_END = 33; // The signature, and the first chunk.

/**
 * Adds texts to a PNG.
 *
 * @param {Blob} png The image.
 * @param {Object<string, string>} texts {keyword: text}.
 * @return {Promise<Blob>}
 */
export async function withTexts(png, texts) {
  const chunks = Object.entries(texts).map(textChunk);
  const parts = [png.slice(0, HEADER_END), ...chunks, png.slice(HEADER_END)];
  return new Blob(parts, {type: png.type});
}

function textChunk([keyword, text]) {
  // Five zeros: no compression, its method, no language, no translation.
  const content = new TextEncoder().encode(
    `iTXt${keyword}\0\0\0\0\0${text}`,
  );
  const chunk = new Uint8Array(content.length + 8);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, content.length - 4);
  chunk.set(content, 4);
  view.setUint32(content.length + 4, checksum(content));
  return chunk;
}

function checksum(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
    }
  }
  return ~sum >>> 0;
}

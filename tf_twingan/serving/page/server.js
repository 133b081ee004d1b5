// The API of the server, and its errors as sentences for people.

// A request that failed. `code` is the server's, or 'unreachable'.
class ServerError extends Error {
  constructor(message, {code = 'error', status = 0, retryAfter = 0} = {}) {
    super(message);
    Object.assign(this, {code, status, retryAfter});
  }
}

let token = '';

// What to send as `Authorization: Bearer` from now on; it is kept nowhere.
export function setToken(value) {
  token = value.trim();
}

export function hasToken() {
  return token !== '';
}

// What there is: models, abilities, limits.
export function domains() {
  return ask('/v1/domains');
}

// {width, height, faces: [{box, corners}]}, the largest first.
export function findFaces(image, {model, source}, signal) {
  return ask('/v1/faces', {image, model, source}, signal);
}

// {image: base64 of a PNG, width, height, ...}. `part` is {}, {face: number}
// or {faces: 'all' | 'none'}.
export function translate(image, {model, source, to}, part, signal) {
  return ask('/v1/translate', {image, model, source, to, ...part}, signal);
}

// Neighbours of an image in the server's index.
export function search(image, fields, signal) {
  return ask('/v1/search', {image, ...fields}, signal);
}

async function ask(address, fields, signal) {
  const headers = {Accept: 'application/json'};
  if (token) headers.Authorization = `Bearer ${token}`;
  const request = {headers, signal};
  if (fields) {
    request.method = 'POST';
    request.body = form(fields);
  }
  let response, answer;
  try {
    response = await fetch(address, request);
    answer = await response.json();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    if (response && !(error instanceof TypeError)) {
      throw new ServerError(
        `The server gave an answer that this page does not understand (status ${response.status}).`,
        {status: response.status});
    }
    throw new ServerError(
      'The server does not answer. Check that it still runs and that you are '
      + 'connected, then try again; your image is still here.',
      {code: 'unreachable'});
  }
  if (!response.ok) {
    const {code, message} = answer.error ?? {};
    throw new ServerError(message ?? `The server refused (status ${response.status}).`, {
      code,
      status: response.status,
      retryAfter: Number(response.headers.get('Retry-After')) || 0,
    });
  }
  return answer;
}

function form(fields) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue;
    // The name of a person's file stays here.
    if (value instanceof Blob) data.append(name, value, 'image');
    else data.append(name, String(value));
  }
  return data;
}

// The bytes of a base64 text, as a blob.
export function fromBase64(text, type = 'image/png') {
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  return new Blob([bytes], {type});
}

// What the page says: how far it is, and what went wrong and what helps.

import {hasToken, setToken} from './server.js';

const get = id => document.getElementById(id);

export function say(text) {
  get('status').textContent = text;
}

// Says what went wrong. `again`: does the same once more.
export function report(error, again = null) {
  say('');
  const asksToken = error.status === 401;
  get('problem-text').textContent = asksToken ? tokenText() : error.message;
  get('problem').hidden = false;
  get('again').hidden = !(again && mayHelp(error));
  get('again').onclick = again;
  get('token-form').hidden = !asksToken;
  get('token-form').onsubmit = event => {
    event.preventDefault();
    setToken(get('token').value);
    again?.();
  };
  if (asksToken) get('token').select();
}

function tokenText() {
  return hasToken()
    ? 'The server does not know this token; type it again, or ask who runs it.'
    : 'This server asks for a token; who runs it has one for you.';
}

// Whether the same may work a moment later.
function mayHelp(error) {
  return error.code === 'unreachable' || error.status === 429 || error.status >= 500;
}

export function hideProblem() {
  get('problem').hidden = true;
  get('problem-text').textContent = '';
}

// What the server offers, and which model and direction are chosen of it.

import * as examples from './examples.js';
import * as options from './options.js';
import * as server from './server.js';

const get = id => document.getElementById(id);
// Until the server has said its own.
const LIMITS = {max_body_bytes: 20e6, max_pixels: 40e6, max_neighbours: 5};

export class Choices {
  // `changed(isOther)` is called after another choice; `isOther`: whether the
  // image's own domain, or the model, is another one.
  constructor(changed) {
    this.changed = changed;
    this.offer = null;  // The answer of /v1/domains.
  }

  async load() {
    this.offer = await server.domains();
    const {models, default: name} = this.offer;
    this.model = models.find(one => one.name === name) ?? models[0];
    [{source: this.source, to: this.to}] = this.model.directions;
    this.show();
  }

  get limits() {
    return this.offer?.limits ?? LIMITS;
  }

  // The fields of a request.
  get fields() {
    return {model: this.model.name, source: this.source, to: this.to};
  }

  get findsFaces() {
    return this.model.abilities.faces.includes(this.source);
  }

  // How an image becomes the square that the model takes.
  get framing() {
    return this.model.framings[this.source];
  }

  translates(source, to) {
    return this.model.directions.some(d => d.source === source && d.to === to);
  }

  // Chooses a direction that the model has, near the one that is asked for.
  turn(source, to) {
    const targets = this.targets();
    this.to = targets.includes(to) ? to : targets[0];
    const sources = this.sources();
    this.source = sources.includes(source) ? source : sources[0];
    this.show();
  }

  targets() {
    return [...new Set(this.model.directions.map(d => d.to))];
  }

  sources() {
    return this.model.directions.filter(d => d.to === this.to).map(d => d.source);
  }

  show() {
    const fill = (id, names, chosen, change) => options.fill(
      get(id), names.map(name => ({value: name, label: name})), chosen, change);
    fill('to', this.targets(), this.to, to => {
      const was = this.source;
      this.turn(was === to ? this.to : was, to);
      this.changed(this.source !== was);
    });
    fill('source', this.sources(), this.source, source => {
      this.turn(source, this.to);
      this.changed(true);
    });
    fill('model', this.offer.models.map(({name}) => name), this.model.name, name => {
      this.model = this.offer.models.find(one => one.name === name);
      this.turn(this.source, this.to);
      this.changed(true);
    });
    const into = document.createElement('em');
    into.textContent = 'into';
    get('title').replaceChildren(capital(this.source), ' ', into, ' ', this.to);
    document.title = `${get('title').textContent} · tf_twingan`;
    get('examples-note').textContent = examples.note(this.model.name);
    get('model-line').textContent = `${this.model.name} · ${this.model.resolution} px`;
  }
}

export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// Avatars to try the page with.

const EXAMPLES = [
  {file: 'photo_1', domain: 'photo', label: 'Portrait 1'},
  {file: 'photo_2', domain: 'photo', label: 'Portrait 2'},
  {file: 'photo_3', domain: 'photo', label: 'Portrait 3'},
  {file: 'group', domain: 'photo', label: 'A group of three'},
  {file: 'anime_1', domain: 'anime', label: 'Anime face 1'},
  {file: 'anime_2', domain: 'anime', label: 'Anime face 2'},
  {file: 'anime_3', domain: 'anime', label: 'Anime face 3'},
  {file: 'anime_4', domain: 'anime', label: 'Anime face 4'},
];

// What to say beside them of a model.
export function note(model) {
  return model === 'avatar_twins'
    ? 'This model knows two styles of drawn avatars, and no photographs.'
    : 'They are drawn; this model may know other images.';
}

// Shows the examples as buttons; `use(blob, name, domain)` takes one.
export function show(list, use, fail) {
  list.replaceChildren(...EXAMPLES.map(example => {
    const image = document.createElement('img');
    Object.assign(image, {
      src: address(example), alt: example.label, width: 64, height: 64});
    const button = document.createElement('button');
    button.type = 'button';
    button.append(image);
    button.addEventListener('click', () => take(example, use).catch(fail));
    const item = document.createElement('li');
    item.append(button);
    return item;
  }));
  return () => take(EXAMPLES[0], use).catch(fail);
}

const address = example => `/page/examples/${example.file}.webp`;

async function take(example, use) {
  const response = await fetch(address(example));
  await use(await response.blob(), example.file, example.domain);
}

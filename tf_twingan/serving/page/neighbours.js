// Who an image looks like: the nearest images of the server's index.

// Shows an answer of /v1/search.
export function show(list, neighbours) {
  list.replaceChildren(...neighbours.map(({name, domain, distance, thumbnail}) => {
    const item = document.createElement('li');
    if (thumbnail) {
      const image = document.createElement('img');
      Object.assign(image, {
        src: `data:image/png;base64,${thumbnail}`, alt: '', width: 96, height: 96});
      item.append(image);
    }
    const text = document.createElement('span');
    text.textContent = name;
    const how = document.createElement('span');
    how.className = 'quiet';
    how.textContent = `${domain}, ${distance.toFixed(2)}`;
    item.append(text, how);
    return item;
  }));
}

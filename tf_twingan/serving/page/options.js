// Groups of options: radio buttons that look like pills, or like pictures.

// Fills a fieldset; hides it where there is nothing to choose.
//
// options: [{value, label, image}], `image` a canvas or nothing; `change` is
// called with the value that is chosen.
export function fill(fieldset, options, chosen, change) {
  const focused = fieldset.contains(document.activeElement);
  const legend = fieldset.querySelector('legend');
  fieldset.replaceChildren(legend, ...options.map(option => {
    const input = document.createElement('input');
    Object.assign(input, {
      type: 'radio',
      name: fieldset.id,
      id: `${fieldset.id}-${option.value}`,
      value: option.value,
      checked: option.value === chosen,
    });
    input.addEventListener('change', () => change(option.value));
    const label = document.createElement('label');
    label.htmlFor = input.id;
    if (option.image) {
      option.image.setAttribute('aria-hidden', 'true');
      label.append(option.image);
    }
    label.append(option.label);
    const both = document.createElement('div');
    both.className = option.image ? 'option with-image' : 'option';
    both.append(input, label);
    return both;
  }));
  fieldset.hidden = options.length < 2;
  fieldset.disabled = false;
  if (focused) fieldset.querySelector('input:checked')?.focus();
}

// Chooses an option as if it had been clicked.
export function choose(fieldset, value) {
  const input = [...fieldset.querySelectorAll('input')].find(i => i.value === String(value));
  if (input && !input.checked) input.click();
}

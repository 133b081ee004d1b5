// How an image comes onto the page: chosen, dropped, or pasted.

// Calls `use(file)` with an image, and `refuse(message)` where there is none.
export function listen({input, use, refuse}) {
  input.addEventListener('change', () => {
    const [file] = input.files;
    if (file) use(file);
    // So that the same file can be chosen again.
    input.value = '';
  });

  document.addEventListener('paste', event => {
    if (event.target.matches?.('input:not([type=range], [type=radio], [type=file])')) return;
    const file = imageOf(event.clipboardData);
    event.preventDefault();
    if (file) use(file);
    else refuse('The clipboard holds no image; copy one first.');
  });

  // Elements that are entered and left send events, too; the last one counts.
  let inside = 0;
  const show = () => document.body.classList.toggle('dropping', inside > 0);
  const hasFiles = event => event.dataTransfer?.types.includes('Files');
  document.addEventListener('dragenter', event => {
    if (!hasFiles(event)) return;
    inside += 1;
    show();
  });
  document.addEventListener('dragleave', event => {
    if (!hasFiles(event)) return;
    inside = Math.max(0, inside - 1);
    show();
  });
  document.addEventListener('dragover', event => {
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
  });
  document.addEventListener('drop', event => {
    // Otherwise the browser leaves the page for the file.
    event.preventDefault();
    inside = 0;
    show();
    const file = imageOf(event.dataTransfer) ?? event.dataTransfer.files[0];
    if (file) use(file);
    else refuse('Only files can be dropped here; save the image first.');
  });
}

function imageOf(data) {
  return [...(data?.files ?? [])].find(file => file.type.startsWith('image/'));
}

"""Names of the inputs and outputs of all exported files."""

IMAGE, TRANSLATION, EMBEDDING = 'image', 'translation', 'embedding'

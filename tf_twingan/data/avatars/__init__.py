"""The embedded avatars: characters, art styles, drawing and ground truth."""

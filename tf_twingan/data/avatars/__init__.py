"""The embedded avatars: characters, their drawing, and their ground truth."""

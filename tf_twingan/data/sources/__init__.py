"""Datasets by their strings: folders, TensorFlow Datasets, embedded avatars."""

"""Metrics of images and features, one a module: array in, number out."""

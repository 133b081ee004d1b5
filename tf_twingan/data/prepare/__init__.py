"""Preparing images: find and align faces, clean, cut out, write a dataset."""

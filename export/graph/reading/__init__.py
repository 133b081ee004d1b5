"""Reads image files in a graph, as `tf_twingan.image_io` reads them."""

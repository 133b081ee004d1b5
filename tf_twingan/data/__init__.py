"""Sources of images and the pipeline that feeds them to a network."""

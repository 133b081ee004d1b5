"""Sources of pictures and the pipeline that feeds them to a network."""

"""Films: read, translated frame by frame, and written."""

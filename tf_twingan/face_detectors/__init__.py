"""Face detectors: human and drawn faces by BlazeFace, cats by a cascade."""

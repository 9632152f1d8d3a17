"""Face detectors and the full-face verdict."""

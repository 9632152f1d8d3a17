"""What a picture must pass besides the face verdict: blank, blur, duplicate."""

from pipeline.checks.likeness import distance, fingerprint
from pipeline.checks.quality import contrast, sharpness

__all__ = ["contrast", "distance", "fingerprint", "sharpness"]

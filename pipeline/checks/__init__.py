"""What a picture must pass besides the face verdict: contrast, sharpness, no duplicate."""

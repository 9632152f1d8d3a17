"""EmoNet Face Big: from a declared grid of demographics and emotions to an exact, balanced, audited set of faces."""

import os

_QUIET = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime reads it once, when it is loaded
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "RAY_USAGE_STATS_ENABLED": "0",
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "DO_NOT_TRACK": "1",
}
"""The switches by which the libraries below us are told to report nothing; the user's own setting wins."""

for _name, _value in _QUIET.items():
    os.environ.setdefault(_name, _value)

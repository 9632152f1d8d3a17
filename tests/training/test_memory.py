"""Memory does not grow with the number of embeddings."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_a_hundred_thousand_embeddings_are_trained_on_in_flat_memory(tmp_path):
    command = [sys.executable, "-m", "tests.training.training_memory", str(tmp_path), "100000", "256"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    more, embeddings = map(float, done.stdout.split())
    assert embeddings > 90
    assert more < embeddings / 4

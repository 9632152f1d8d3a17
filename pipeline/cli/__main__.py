"""`python -m pipeline.cli` is `emonet`."""

from pipeline.cli.main import main

main()

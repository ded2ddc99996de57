"""`python -m emoprism.cli`."""

from emoprism.cli import main

main()

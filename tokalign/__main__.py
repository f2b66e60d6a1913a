"""``python -m tokalign``."""

from tokalign.cli.main import main

main()

"""``python -m tokalign.train``."""

from tokalign.train.commands import main

if __name__ == "__main__":
    main()

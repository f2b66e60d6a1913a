"""``python -m tokalign.train.contrastive``."""

from tokalign.train.contrastive.commands import main

if __name__ == "__main__":
    main()

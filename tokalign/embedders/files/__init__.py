"""The files of a checkpoint: where they lie, what is in them."""

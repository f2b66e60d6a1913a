"""Does a model do what its recipe says? Checks of one, proofs of many."""

"""Texts -> vectors: reading, batches, pooling, and the results store."""

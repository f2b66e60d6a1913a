"""Recipe -> loaded embedder, with everything that could go wrong silently checked."""

"""What an embedder is, as data: recipes, the registry, and what they say in words."""

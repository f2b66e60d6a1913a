"""From what a user names to a recipe, read off the files."""

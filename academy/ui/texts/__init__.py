"""The page's texts."""

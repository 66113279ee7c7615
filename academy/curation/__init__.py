"""From lessons, commits and files to a dataset."""

"""What people bring: files of many kinds, read row by row."""

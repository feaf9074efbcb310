"""The cameras, a file each."""

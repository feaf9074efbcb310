"""Following faces and reading their expressions, a file for each step."""

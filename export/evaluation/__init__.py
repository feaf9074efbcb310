"""How good a model is, how fast, and how it compares with another."""

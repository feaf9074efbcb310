"""Measuring how good and how fast a model is, and comparing it with another."""

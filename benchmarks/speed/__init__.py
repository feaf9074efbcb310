"""How fast the pipeline is, and what it costs."""

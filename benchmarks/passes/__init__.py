"""One pass of the pipeline, in a process of its own."""

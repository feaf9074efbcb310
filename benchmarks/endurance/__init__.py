"""Whether the pipeline grows or stops over hours and over faults."""

"""A frame's work as arm64 code on an x86 Linux: its instructions, its results, an estimate of its time."""

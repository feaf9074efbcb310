"""A frame's work as arm64 code on an x86 Linux: instructions counted by stage, results compared, time estimated."""

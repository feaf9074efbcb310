"""Other people's programs and ours over the same frames, in turn, each in an environment of its own."""

"""The files in which people have Keras models, of every version of Keras, and how they are read."""

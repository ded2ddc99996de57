"""Features of sound: one file per kind, each a stream (or several) of a prepared clip."""

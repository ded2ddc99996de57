"""Models that somebody else trained (or a run of our own), asked for vectors of faces and voices: one file per kind."""

"""Arrays in files that others wrote: .npy, .npz, HDF5 (.csd too) and Parquet. Numbers and words alone, never objects.

Such files are not trusted: nothing is unpickled, no link is followed out of a file, and what a file claims to hold is
compared with `LARGEST_BYTES` before it is read. Whatever is wrong is a MediaError in words, with the file's name alone.
"""

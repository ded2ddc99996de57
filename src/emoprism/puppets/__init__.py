"""The embedded default corpus: talking heads with known identity and known emotion, rendered as real video files."""

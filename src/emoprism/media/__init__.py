"""From a video file to shards: decode, find and track faces, log-mels. Imports no torch."""

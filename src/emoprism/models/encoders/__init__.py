"""From one stream of a batch to one vector per clip: one file per encoder."""

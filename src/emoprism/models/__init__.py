"""From a batch to one embedding per attribute: one file per model."""

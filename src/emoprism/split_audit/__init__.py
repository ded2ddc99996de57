"""Is a split what it claims? Who and what stands on two sides, copies, shortcuts to the label. Imports no torch."""

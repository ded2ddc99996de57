"""One page for a prepared corpus: what is in it, what is missing, and what tells what. Trains nothing."""

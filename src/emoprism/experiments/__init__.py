"""Several stages as one: suites of systems and seeds, and the demo."""

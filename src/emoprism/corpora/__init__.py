"""Which clips exist and what is true of them: one file per corpus. Imports no torch."""

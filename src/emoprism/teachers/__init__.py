"""Teachers: face-emotion models by others, and what they say of prepared clips."""

"""Who is trained on and who is tested: one file per way of splitting clips."""

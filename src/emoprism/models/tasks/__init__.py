"""What a head tells of an attribute: one class, several at once, a number; one file each."""

"""Who is in these clips, where nobody has said so: faces and voices embedded, and clustered into persons."""

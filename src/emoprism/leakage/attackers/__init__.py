"""Fresh attackers: what an outsider would train on published embeddings. One file each."""

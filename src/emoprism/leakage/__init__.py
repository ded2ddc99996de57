"""The view of an outsider: reads embeddings, never a model. Imports nothing of models, methods or training."""

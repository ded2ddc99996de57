"""Trained models at work: embeddings of a prepared corpus, predictions for any video."""

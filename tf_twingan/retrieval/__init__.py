"""Search across domains: codes to embeddings, embeddings to neighbours."""

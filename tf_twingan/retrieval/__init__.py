"""Search across domains: embeddings of codes, and their nearest neighbours."""

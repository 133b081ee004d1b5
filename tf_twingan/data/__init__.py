"""Images of domains: datasets, their cache, and batches of them."""

"""What users choose by name: the kind of an index, and what to search by.

Flags are defined from these, so nothing heavy is imported here.
"""

# How the vectors of a domain are kept; `faiss_neighbours` explains each.
KINDS = ('flat', 'hnsw', 'ivf_pq')
# Images of a domain up to which each kind is the default.
FLAT_UP_TO = 100_000
HNSW_UP_TO = 5_000_000
# Images of a domain that ivf_pq learns from at least: clusters of fewer say
# nothing. Until there are as many, that domain is kept flat.
IVF_PQ_FROM = 10_000

# Which codes of an image another domain is searched by: the image's own, that
# of its translation to there, or the sum of both embeddings.
BY = ('own', 'translation', 'fused')
DEFAULT_BY = 'fused'

"""The files of a bundle beside its models: manifest, README, metadata."""

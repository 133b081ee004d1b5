"""The networks: configs, layers, norms, encoders, generators, models."""

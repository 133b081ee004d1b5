"""Run directories: checkpoints, configuration files, best model, loading."""

"""What a dataset holds, and whether two go together, before a training."""

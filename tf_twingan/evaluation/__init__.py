"""Scores translations of held-out images beside baselines, and reports them."""

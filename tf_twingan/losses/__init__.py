"""Losses, gradient penalties, augmentation and one objective for each model."""

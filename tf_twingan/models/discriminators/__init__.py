"""Discriminators: progressive (PGGAN) and patches (PatchGAN)."""

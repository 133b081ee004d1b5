"""Discriminators: progressive (PGGAN) and of patches (PatchGAN)."""

"""Setup, loop, actions, trainer and training step."""

"""Growth schedule, objective, trainer and loop."""

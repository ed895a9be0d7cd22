"""How a message finds its employee: learned from examples, or by the old rules where nothing can be embedded."""

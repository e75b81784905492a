"""A personal assistant: an API that takes tasks, and workers that see to them."""

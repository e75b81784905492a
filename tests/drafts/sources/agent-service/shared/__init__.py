"""What the services of the agent share."""

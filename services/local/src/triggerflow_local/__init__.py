"""TriggerFlow Canvas in one process, and the command that starts it and talks to it."""

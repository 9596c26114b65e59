"""Worker processes: ARQ listens for the doorbell, the engine does the work."""

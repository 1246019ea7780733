"""What a robot did, tick by tick, on disk."""

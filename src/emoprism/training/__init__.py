"""The game (who may change what), the loop, checkpoints."""

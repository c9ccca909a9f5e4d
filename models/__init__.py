"""models judge: typologies, tracing, graphs, yields and the ranking; they read marts and return findings."""

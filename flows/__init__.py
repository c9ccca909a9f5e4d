"""flows move: the Prefect flows, and under `steps` the plain functions they call."""

"""The plain functions of a run; the Prefect flows above call them, nothing here knows Prefect."""

"""Prefect flows: thin, over pipeline/. Prefect is the control plane; no picture passes through it."""

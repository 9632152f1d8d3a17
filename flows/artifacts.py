"""What flow runs leave behind in Prefect."""

import re


def artifact_key(name: str, otherwise: str) -> str:
    """`name` as Prefect wants keys: lower-case letters, digits and hyphens; `otherwise` where nothing of it is left."""
    return "-".join(re.findall("[a-z0-9]+", name.lower())) or otherwise

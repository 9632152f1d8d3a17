"""What the Hugging Face hub says of a model, asked once, so that a machine without network is told so at once."""

import re

from huggingface_hub import HfApi
from huggingface_hub import errors as hub_errors
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

from pipeline.errors import InputError

HUB_ERRORS: tuple[type[Exception], ...] = (OSError, hub_errors.HTTPError)  # type: ignore[attr-defined]
"""What a hub that cannot be reached, or a cache that is not whole, shows as. HTTPError is that of whichever client
huggingface_hub uses (requests, httpx or httpx2)."""

DOWNLOAD_ERRORS: tuple[type[Exception], ...] = (*HUB_ERRORS, ValueError)
"""What a download that fails shows as; huggingface_hub and diffusers say ValueError of names and of missing files."""

_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


def is_hub_id(name: str) -> bool:
    """Whether this has the form OWNER/NAME."""
    return _ID.fullmatch(name) is not None


def find_commit(name: str, revision: str = "") -> str | None:
    """The commit of a hub model's revision (the newest where empty); None where the hub cannot be reached.

    Then the local cache must do. InputError where the hub has no such model or revision, or wants its terms accepted.
    """
    try:
        return HfApi().model_info(name, revision=revision or None, timeout=20).sha
    except GatedRepoError:
        raise InputError(
            f"{name}: is gated: accept its terms at https://huggingface.co/{name}, then type: hf auth login"
        ) from None
    except RevisionNotFoundError:
        raise InputError(f"{name}: the hub has no revision {revision!r} of it; name another") from None
    except RepositoryNotFoundError:
        raise InputError(
            f"{name}: no folder and no hub model of this name; check it (a private one needs: hf auth login)"
        ) from None
    except HUB_ERRORS:
        return None

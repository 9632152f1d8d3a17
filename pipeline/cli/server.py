"""The Prefect server that a user named, if any: where it is, and whether it answers."""

import os
import threading
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from pipeline.errors import InputError, RunError

SECONDS_TO_ANSWER = 8.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def named_server() -> str:
    """The API's address in PREFECT_API_URL, or else in Prefect's active profile; empty where none is named.

    An empty PREFECT_API_URL overrules the profile. InputError where the profiles cannot be read.
    """
    return _setting("PREFECT_API_URL")


def use_server(api: str) -> None:
    """Gets Prefect ready for flow runs on the server at `api`; to be called before Prefect is imported.

    RunError where nothing answers there.
    """
    require_answer(api)
    # Our own progress and errors show; the flow's log goes to the server alone.
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")


def require_answer(api: str) -> None:
    """RunError where nothing answers at `api` within seconds."""
    reach_loopback()
    if fault := _fault(api):
        raise RunError(
            f"the Prefect server at {api} gives no answer ({fault}); start it, or set PREFECT_API_URL= to run without one"
        )


def reach_loopback() -> None:
    """Prefect reaches this machine's own server directly, whatever proxy the environment names."""
    for variable in ("NO_PROXY", "no_proxy"):
        named = [host for host in os.environ.get(variable, "").split(",") if host]
        os.environ[variable] = ",".join(dict.fromkeys([*named, *LOOPBACK]))


def _setting(name: str) -> str:
    """A setting as Prefect finds it: the environment's, or else the active profile's; empty where neither has it."""
    if name in os.environ:
        return os.environ[name]
    profiles = _profiles()
    active = os.environ.get("PREFECT_PROFILE") or profiles.get("active", "")
    return str(profiles.get("profiles", {}).get(active, {}).get(name, ""))


def _profiles() -> dict[str, Any]:
    try:
        home = os.environ.get("PREFECT_HOME") or Path.home() / ".prefect"
        path = Path(os.environ.get("PREFECT_PROFILES_PATH") or Path(home) / "profiles.toml").expanduser()
        content = path.read_bytes()
    except (OSError, RuntimeError):  # no file, no permission, no home at all
        return {}
    try:
        return tomllib.loads(content.decode())
    except ValueError as error:
        raise InputError(f"{path}: Prefect's profiles are not valid TOML ({error}); mend or remove the file") from None


def _fault(api: str) -> str:
    """Why nothing answers at `api`; empty where something does. Ends in time even where a name server does not."""
    faults = [f"nothing within {SECONDS_TO_ANSWER:.0f} s"]

    def ask() -> None:
        try:
            with urllib.request.urlopen(f"{api.rstrip('/')}/health", timeout=SECONDS_TO_ANSWER):
                faults[0] = ""
        except urllib.error.HTTPError as error:
            refused = error.code >= 500 or not _setting(
                "PREFECT_API_KEY"
            )  # Prefect Cloud answers those with a key alone
            faults[0] = f"HTTP {error.code}" if refused else ""
        except (OSError, ValueError) as error:
            faults[0] = str(getattr(error, "reason", error))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(SECONDS_TO_ANSWER)
    return faults[0]

"""A driver's exceptions as errors that say what happened and what to do."""

from __future__ import annotations

from molam_overlays.errors import StoreError, StoreNotMigratedError, StoreUnavailableError

SCRIPT = "migrations/001_idempotency_and_webhooks.sql"


def translate(error: Exception, shown: str | None, *, committing: bool = False) -> StoreError:
    """Make a `StoreError` of what a driver raised.

    `shown` is the store's URL without its password, None for a connection that was handed in.
    With `committing` the failure came while a transaction was being committed.
    """
    # The primary message alone: PostgreSQL's detail line may quote a row, and with it a body.
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    text = (primary or str(error)).strip().replace("\n", " ") or type(error).__name__
    if primary is not None:
        error.args = (primary,)  # the error is the cause of ours, and printed with it
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if type(error).__module__.startswith("sqlite3"):
        found = _sqlite(error, text, shown)
    else:
        found = _postgresql(text, state, type(error).__name__, shown)
    if committing:
        found = StoreUnavailableError(
            f"{found} It broke while committing, so this last step may or may not be stored."
        )
    return found


def may_repeat(error: Exception) -> bool:
    """Tell whether the database undid the transaction only because of others that ran beside it.

    Serialization failure and deadlock, SQLSTATE 40001 and 40P01.
    """
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return state in ("40001", "40P01")


def is_busy(error: Exception) -> bool:
    """Tell whether SQLite was kept waiting by another writer."""
    lowered = str(error).lower()
    return "locked" in lowered or "busy" in lowered


def not_migrated(text: str, shown: str | None) -> StoreNotMigratedError:
    """Say that tables are missing, and which command makes them."""
    command = f"`molam db migrate {shown or 'URL'}`"
    if shown is None or not shown.startswith("sqlite"):
        command = f"`psql -d DB -f {SCRIPT}` or {command}"
    return StoreNotMigratedError(
        f"The store's tables are missing or outdated ({text}). Create them with {command}."
    )


def _sqlite(error: Exception, text: str, shown: str | None) -> StoreError:
    lowered = text.lower()
    at = f" at {shown}" if shown else ""
    if "no such table" in lowered or "no such column" in lowered or "no column named" in lowered:
        return not_migrated(text, shown or "sqlite:///FILE")
    if "readonly" in lowered:
        return StoreError(
            f"The SQLite store{at} is read-only ({text}), so nothing can be remembered. Make the "
            "file and its folder writable for this user."
        )
    if "full" in lowered:
        return StoreUnavailableError(
            f"The SQLite store{at} has no space left ({text}). Free some, or run a purge."
        )
    if "disk i/o" in lowered or "unable to open" in lowered:
        return StoreUnavailableError(
            f"The SQLite store{at} could not be written or read ({text}). See whether there is "
            "space left, a quota or a limit of file size, and who may write to its folder."
        )
    if is_busy(error):
        return StoreUnavailableError(
            f"The SQLite store{at} stayed locked by another writer ({text}). Keep transactions "
            "short, or use PostgreSQL for a fleet."
        )
    if "thread" in lowered:
        return StoreError(
            "The SQLite connection belongs to another thread. Open it with "
            "check_same_thread=False, or give the store a URL."
        )
    if "not a database" in lowered or "malformed" in lowered:
        return StoreError(f"The file{at} is not a sound SQLite database ({text}).")
    return StoreUnavailableError(f"The SQLite store{at} failed: {text}.")


def _postgresql(text: str, state: str | None, name: str, shown: str | None) -> StoreError:
    at = f" at {shown}" if shown else ""
    family = (state or "")[:2]
    if state in ("42P01", "42703", "42883", "3F000"):
        return not_migrated(text, shown)
    if state == "25006":
        return StoreError(
            f"The PostgreSQL store{at} is read-only, perhaps a standby, so nothing can be "
            "remembered. Connect to the primary."
        )
    if state == "42501":
        return StoreError(
            f"The PostgreSQL store{at} refuses access ({text}). Grant this user SELECT, INSERT, "
            "UPDATE and DELETE on the store's tables and USAGE on their sequences."
        )
    if family == "53":
        return StoreUnavailableError(
            f"The PostgreSQL store{at} is out of space, memory or connections ({text})."
        )
    if state is None or family in ("08", "57") or name in ("OperationalError", "InterfaceError"):
        return StoreUnavailableError(
            f"The PostgreSQL store{at} could not be reached or dropped the connection ({text}). "
            "Nothing of this step was stored."
        )
    return StoreError(f"The PostgreSQL store{at} failed with SQLSTATE {state}: {text}.")

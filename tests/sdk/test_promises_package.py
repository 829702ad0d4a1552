"""Every promise about the package itself: what `import molam_sdk` alone makes reachable."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import molam_sdk

REACHABLE = [
    "async_client.MolamAsyncClient",
    "client.MolamClient",
    "config.Config",
    "contrib.__doc__",
    "events.construct_event",
    "exceptions.NetworkError",
    "http.HTTPAdapter",
    "http.adapter.HttpxAdapter",
    "idempotency.IdempotencyStore",
    "inbox.Inbox",
    "models.PaymentIntent",
    "money.Money",
    "observe.Hooks",
    "utils.verify_signature",
    "utils.idempotency.make_idempotency_key",
    "utils.webhook.generate_signature",
    "Config",
    "MolamClient",
    "__version__",
]


def fresh(code: str) -> str:
    """Run code in an interpreter that has imported nothing yet."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", REACHABLE)
def test_one_import_is_enough(name: str) -> None:
    assert fresh(f"import molam_sdk; print(molam_sdk.{name})").strip()


def test_importing_the_package_loads_none_of_its_modules() -> None:
    code = (
        "import molam_sdk, sys\n"
        "print(sorted(n for n in sys.modules if n.startswith(('molam_', 'httpx', 'attr'))))"
    )
    assert fresh(code).strip() == "['molam_sdk']"


def test_asking_for_one_module_loads_no_client() -> None:
    code = (
        "import molam_sdk, sys\nmolam_sdk.exceptions\n"
        "print('molam_sdk.exceptions' in sys.modules, 'molam_sdk.client' in sys.modules)"
    )
    assert fresh(code).strip() == "True False"


def test_what_is_listed_is_there() -> None:
    names = dir(molam_sdk)
    assert {"exceptions", "models", "events", "utils", "http"} <= set(names)
    assert {name for name, _ in inspect.getmembers(molam_sdk)} >= set(molam_sdk.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'molam_sdk' has no attribute 'refunds'"):
        molam_sdk.refunds  # noqa: B018

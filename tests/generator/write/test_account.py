"""What is lost on the way is found, and fatal."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.decide.plan import plan
from generator.decide.public_api import load
from generator.decide.views import Package
from generator.read.document import DocumentError
from generator.read.load import load_document
from generator.understand.api import Api
from generator.understand.normalise import normalise
from generator.understand.types import Graph
from generator.write.account import account
from generator.write.render import Tree, render

GOLDEN = Path(__file__).parents[1] / "golden" / "shop.yaml"


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Api, Package, Tree]:
    document = load_document(GOLDEN, name="shop.yaml")
    api = normalise(document)
    view = plan(api, Graph(document, api.named), load(), "shop")
    return api, view, render(view, document.root, tmp_path_factory.mktemp("none"))


def test_a_whole_package_passes(emitted: tuple[Api, Package, Tree]) -> None:
    account(*emitted)


@pytest.mark.parametrize(
    ("path", "old", "new", "lost"),
    [
        ("api/orders.py", 'path="/orders/{id}/invoice"', 'path="/else"', "GET /orders/{id}/invoice"),
        ("api/orders.py", 'Parameter("limit", "query"', 'Parameter("least", "query"', "limit"),
        ("api/orders.py", "    keyed=True,\n", "", "Idempotency-Key"),
        ("api/orders.py", 'media="multipart/form-data"', 'media="multipart/mixed"',
         "multipart/form-data"),
        ("api/orders.py", 'media="text/plain"', 'media="text/html"', "text/plain"),
        ("client.py", "PaymentDeclinedError: 402:", "PaymentDeclinedError:", "402"),
        ("async_client.py", "    async def set_photo(", "    async def photo(", "set_photo"),
        ("models/line.py", "    sku: str", "    skew: str", "sku"),
        ("models/order_state.py", '"sent"', '"send"', "sent"),
        ("models/company.py", 'Const("company")', 'Const("firm")', "company"),
        ("events.py", '"order.paid"', '"order.pad"', "order.paid"),
    ],
)  # fmt: skip
def test_what_a_template_forgets_is_named_with_its_line(
    emitted: tuple[Api, Package, Tree], path: str, old: str, new: str, lost: str
) -> None:
    api, view, tree = emitted
    text = tree[path].decode("utf-8")
    assert old in text
    broken = {**tree, path: text.replace(old, new).encode("utf-8")}
    with pytest.raises(DocumentError, match="did not arrive in the emitted package") as raised:
        account(api, view, broken)
    assert lost in str(raised.value)
    assert raised.value.position is not None
    assert raised.value.position.line > 1

from __future__ import annotations

import keyword

import pytest

from generator.decide.naming import (
    argument_name,
    attribute_name,
    class_name,
    constant_name,
    function_name,
    module_name,
    operation_name,
)
from generator.decide.scope import Scope
from generator.read.document import DocumentError, Position
from generator.text.shown import shown


@pytest.mark.parametrize(
    ("wire", "attribute", "class_", "constant"),
    [
        ("amount", "amount", "Amount", "AMOUNT"),
        ("payment_intent", "payment_intent", "PaymentIntent", "PAYMENT_INTENT"),
        ("paymentIntentId", "payment_intent_id", "PaymentIntentId", "PAYMENT_INTENT_ID"),
        ("HTTPServer", "http_server", "HTTPServer", "HTTP_SERVER"),
        ("HTTP_SERVER", "http_server", "HttpServer", "HTTP_SERVER"),
        ("IBAN", "iban", "IBAN", "IBAN"),
        ("iDEAL", "ideal", "IDEAL", "IDEAL"),
        ("3DS2-Version", "field_3ds2_version", "Model3DS2Version", "VALUE_3DS2_VERSION"),
        ("OAuth2Token", "oauth2_token", "OAuth2Token", "OAUTH2_TOKEN"),
        ("PayPalDetails", "paypal_details", "PayPalDetails", "PAYPAL_DETAILS"),
        ("customerIDs", "customer_ids", "CustomerIDs", "CUSTOMER_IDS"),
        ("X-Request-Id", "x_request_id", "XRequestId", "X_REQUEST_ID"),
        ("payment_intent.succeeded", "payment_intent_succeeded", "PaymentIntentSucceeded",
         "PAYMENT_INTENT_SUCCEEDED"),
        ("v1.2", "v1_2", "V1_2", "V1_2"),
        ("$ref", "ref", "Ref", "REF"),
        ("filter[name]", "filter_name", "FilterName", "FILTER_NAME"),
        ("@type", "type", "Type", "TYPE"),
        ("_links", "links", "Links", "LINKS"),
        ("__class__", "class_", "Class", "CLASS"),
        ("", "field", "Model_", "VALUE"),
        ("---", "hyphen_minus_hyphen_minus_hyphen_minus", "HyphenMinusHyphenMinusHyphenMinus",
         "HYPHEN_MINUS_HYPHEN_MINUS_HYPHEN_MINUS"),
        ("👍", "thumbs_up_sign", "ThumbsUpSign", "THUMBS_UP_SIGN"),
        ("ok👍", "ok", "Ok", "OK"),
        ("🇸🇳", "s_n", "SN", "S_N"),
        ("日本語", "日本語", "日本語", "日本語"),
        ("ﬁeld", "field", "Field", "FIELD"),
        ("Größe", "größe", "Größe", "GRÖSSE"),
        ("9", "field_9", "Model9", "VALUE_9"),
        ("-1", "field_1", "Model1", "VALUE_1"),
        ("a" * 200, "a" * 80, "A" + "a" * 79, "A" * 80),
    ],
)  # fmt: skip
def test_wire_names_become_python_names(
    wire: str, attribute: str, class_: str, constant: str
) -> None:
    assert (attribute_name(wire), class_name(wire), constant_name(wire)) == (
        attribute,
        class_,
        constant,
    )


@pytest.mark.parametrize("wire", keyword.kwlist)
def test_keywords_get_an_underscore(wire: str) -> None:
    for name in (module_name(wire), argument_name(wire), attribute_name(wire), class_name(wire)):
        assert not keyword.iskeyword(name)
        assert name.isidentifier()


def test_soft_keywords_and_most_builtins_stay_where_they_only_shadow() -> None:
    assert attribute_name("type") == "type"
    assert attribute_name("match") == "match"
    assert argument_name("id") == "id"


def test_members_of_the_generated_classes_keep_their_meaning() -> None:
    for wire in ("items", "keys", "values", "get", "copy", "update", "pop", "response", "to_dict"):
        assert attribute_name(wire) == wire + "_"
    assert attribute_name("fromDict") == "from_dict_"
    for wire in ("timeout", "idempotency_key", "extra_headers", "self", "config"):
        assert argument_name(wire) == wire + "_"
    for wire in ("close", "withOptions", "request", "construct_event"):
        assert function_name(wire).endswith("_")


def test_classes_do_not_take_names_that_emitted_modules_need() -> None:
    for wire in ("Any", "Literal", "Model", "Union", "list", "None", "Exception", "Decimal"):
        assert class_name(wire) in (wire + "_", "List")


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("get", "/v1/refunds/{refund_id}", "get_refunds_by_refund_id"),
        ("post", "/", "post"),
        ("delete", "/a.b/{x}/c-d", "delete_a_b_by_x_c_d"),
    ],
)
def test_operations_without_an_id_are_named_by_method_and_path(
    method: str, path: str, name: str
) -> None:
    assert operation_name(method, path) == name


# Scopes


def test_names_that_meet_are_numbered_in_order() -> None:
    names = Scope(["self"])
    given = [names.distinct(attribute_name(wire), wire) for wire in ("aB", "a_b", "a-b", "self")]
    assert given == ["a_b", "a_b_2", "a_b_3", "self_"]


def test_a_number_that_is_taken_is_passed_over() -> None:
    names = Scope()
    given = [names.distinct(name) for name in ("a", "a_2", "a", "class_", "class_")]
    assert given == ["a", "a_2", "a_3", "class_", "class_2"]


def test_names_that_must_be_unique_report_both_places() -> None:
    names = Scope()
    names.unique("get_a", "getA", Position("api.yaml", 10), "operation")
    with pytest.raises(DocumentError) as caught:
        names.unique("get_a", "get_a", Position("api.yaml", 20), "operation")
    assert str(caught.value) == (
        "api.yaml:20: The operation 'get_a' becomes get_a in Python, and so does 'getA' "
        "(api.yaml:10). Rename this operation."
    )


def test_names_that_are_ours_are_refused_without_a_second_place() -> None:
    with pytest.raises(DocumentError, match="becomes Page in Python, which is taken"):
        Scope(["Page"]).unique("Page", "page", Position("a", 1), "schema")


def test_files_that_differ_in_case_only_are_one() -> None:
    names = Scope(fold_case=True)
    assert names.distinct("straße") == "straße"
    assert names.distinct("STRASSE") == "STRASSE_2"


def test_messages_show_names_short_and_visible() -> None:
    assert shown("a" * 100) == repr("a" * 57 + "...")
    assert shown("a\u202eb\n") == "'a\\u202eb\\n'"

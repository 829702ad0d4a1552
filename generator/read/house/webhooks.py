"""Rules of webhooks: signed, without a key, an envelope whose type is the webhook's name."""

from __future__ import annotations

from generator.read.house.complaint import JSON, Complaint, Complaints, House, below, reference


def webhooks(house: House) -> Complaints:
    """Each webhook is a signed event of the name's type."""
    signed = [reference("parameters", "MolamSignature")]
    for name, item in house.root.get("webhooks", {}).items():
        at = below("/webhooks", name)
        post = item.get("post")
        if post is None or set(item) != {"post"}:
            yield Complaint(at, f"The webhook {name} is not one POST", "Write NAME.post")
            continue
        at = below(at, "post")
        for key, wanted, advice in (
            ("security", [], "Write security: []"),
            ("parameters", signed, f"List $ref: '{signed[0]['$ref']}' alone"),
        ):
            if post.get(key) != wanted:
                yield Complaint(at, f"The webhook {name} has other {key} than all", advice)
        if list(post.get("responses", {})) != ["2XX"]:
            what = f"The webhook {name} is not answered with 2XX alone"
            yield Complaint(at, what, "Let responses hold 2XX alone")
        yield from _event(house, name, at, post)


def _event(house: House, name: str, at: str, post: object) -> Complaints:
    at = below(at, "requestBody", "content", JSON)
    body = house.follow(post.get("requestBody") or {}) if isinstance(post, dict) else {}
    media = body.get("content", {}).get(JSON, {})
    parts = house.follow(media.get("schema") or {}).get("allOf") or []
    own = parts[1] if len(parts) == 2 and parts[0] == reference("schemas", "Event") else {}
    properties = own.get("properties", {})
    if properties.get("type", {}).get("const") != name or "$ref" not in properties.get("data", {}):
        what = f"The body of the webhook {name} is no event of that type"
        advice = f"Let it be allOf of Event and an object: type (const {name}), data ($ref)"
        yield Complaint(at, what, advice)
    for key, example in media.get("examples", {}).items():
        value = example.get("value")
        if not isinstance(value, dict) or value.get("type") != name:
            what = f"The example {key} of the webhook {name} has another type"
            yield Complaint(below(at, "examples", key), what, f"Write type: {name}")

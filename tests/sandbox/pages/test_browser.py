"""The pages in a real browser: for people with and without scripts, on a phone, by keyboard, in both themes."""

from __future__ import annotations

from typing import Any

import pytest

from molam_overlays.sandbox.search import Query
from tests.sandbox.conftest import INTENTS

from .axe import axe_source
from .conftest import wait
from .visits import EVIL, PAGE, Site

ALL = Query()
LOOKS = [(width, theme) for width in (1280, 390) for theme in ("light", "dark")]


def look(driver: Any, width: int, theme: str) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": theme}]},
    )
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_axe_has_no_findings_and_nothing_is_too_wide(
    site: Site, scripted: Any, width: int, theme: str
) -> None:
    paths = site.a_day()
    source = axe_source()
    look(scripted, width, theme)
    for name, path in paths.items():
        scripted.get(site.url + path)
        judged(scripted, source, f"{name} at {width}, {theme}")
    # What a customer sees who mistyped.
    scripted.get(site.url + paths["checkout"])
    scripted.find_element("css selector", "button[value=card]").click()
    wait(scripted).until(lambda _: scripted.find_elements("css selector", "[aria-invalid=true]"))
    judged(scripted, source, f"errors at {width}, {theme}")


def judged(driver: Any, source: str, where: str) -> None:
    driver.execute_script(source)
    found = driver.execute_async_script(
        "const done = arguments[0]; axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', "
        "'wcag21aa', 'wcag22aa', 'best-practice']}).then(r => done(r.violations.map(v => "
        "[v.id, v.nodes.map(n => n.html + ' ' + n.failureSummary).slice(0, 3)])));"
    )
    assert found == [], where
    size = driver.execute_script(
        "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
    )
    assert size[0] <= size[1], f"{where} is too wide"
    broken = driver.execute_script(
        "return [...document.querySelectorAll('nav a, .tag, .account, time, th')]"
        ".filter(e => e.getClientRects().length > 1).map(e => e.textContent)"
    )
    assert broken == [], f"words are broken: {where}"


def test_new_rows_appear_by_themselves(site: Site, scripted: Any) -> None:
    look(scripted, 1280, "light")
    scripted.get_log("browser")  # of pages that others looked at before
    scripted.get(f"{site.url}{PAGE}/payment_intent")
    # The first news come after the connection stands.
    wait(scripted).until(
        lambda _: scripted.execute_script(
            "return performance.getEntriesByType('resource').some(e => e.name.endsWith('live.js'))"
        )
    )

    def appeared(_: object) -> bool:
        intent = site.intent()
        return intent["id"] in scripted.page_source or any(
            each.id in scripted.page_source
            for each in site.core.search.objects("payment_intent", ALL).rows
        )

    wait(scripted).until(appeared)
    assert [each for each in scripted.get_log("browser") if each["level"] == "SEVERE"] == []


def test_a_program_is_copied_by_a_button_where_scripts_run(
    site: Site, scripted: Any, browser: Any
) -> None:
    path = site.a_day()["request"]
    allowed = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    scripted.execute_cdp_cmd("Browser.grantPermissions", allowed)
    scripted.get(site.url + path)
    wanted = scripted.find_element("css selector", ".copied pre").text
    button = scripted.find_element("css selector", "button.copier")
    assert button.accessible_name.startswith("Copy: ")
    button.click()
    wait(scripted).until(lambda _: button.text == "Copied")
    read = "navigator.clipboard.readText().then(arguments[0])"
    assert scripted.execute_async_script(read).strip() == wanted.strip()
    browser.get(site.url + path)
    assert not browser.find_element("css selector", "button.copier").is_displayed()


def test_the_keyboard_reaches_everything_and_shows_where_it_is(site: Site, scripted: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    look(scripted, 1280, "light")
    intent = site.intent()
    site.confirm(intent, None)
    scripted.get(f"{site.url}/pay/{intent['id']}")
    seen = []
    for _ in range(12):
        ActionChains(scripted).send_keys(Keys.TAB).perform()
        focused = scripted.switch_to.active_element
        if focused.tag_name == "body":
            break
        assert focused.value_of_css_property("outline-style") == "solid"
        seen.append(focused.get_attribute("name") or focused.tag_name)
    assert seen[:4] == ["number", "expiry", "cvc", "action"]
    assert {"phone", "operator"} <= set(seen)
    assert seen.count("action") == 5


# Without scripts


@pytest.mark.parametrize(
    ("action", "status", "title"),
    [
        ("pay", "succeeded", "Shop /thanks"),
        ("decline", "failed", "Shop /cart"),
        ("cancel", "canceled", "Shop /cart"),
    ],
)
def test_a_person_clicks_through_checkout_on_a_phone(
    site: Site, browser: Any, shop: str, action: str, status: str, title: str
) -> None:
    intent = waiting(site, shop)
    look(browser, 390, "light")
    browser.get(f"{site.url}/pay/{intent['id']}")
    wait(browser).until(lambda _: browser.title == "Pay USD\u00a025.00")
    assert EVIL in browser.find_element("tag name", "main").text
    button = browser.find_element("css selector", f"button[value={action}]")
    assert button.location["x"] + button.size["width"] <= 390, "fits the screen"
    button.click()
    wait(browser).until(lambda _: browser.title == title)
    assert site.get(f"{INTENTS}/{intent['id']}").body["status"] == status


def waiting(site: Site, shop: str, **fields: Any) -> dict[str, Any]:
    intent = site.intent(
        capture=True,
        description=EVIL,
        return_url=f"{shop}/thanks",
        cancel_url=f"{shop}/cart",
        **fields,
    )
    site.confirm(intent, None)
    return intent


def test_a_person_pays_by_card_after_mistakes_and_a_question(
    site: Site, browser: Any, shop: str
) -> None:
    intent = waiting(site, shop, locale="fr-SN")
    look(browser, 390, "dark")

    def write(**fields: str) -> None:
        for name, value in fields.items():
            field = browser.find_element("id", name)
            field.clear()
            field.send_keys(value)
        browser.find_element("css selector", "button[value=card]").click()

    browser.get(f"{site.url}/pay/{intent['id']}")
    wait(browser).until(lambda _: browser.title == "Payer 25,00\u00a0USD")
    assert browser.find_element("tag name", "html").get_attribute("lang") == "fr"
    write(number="4242 4242 4242 4241", expiry="13/31", cvc="12")
    wait(browser).until(lambda _: browser.find_elements("id", "number-error"))
    assert "chiffre" in browser.find_element("id", "number-error").text
    assert browser.find_element("id", "number").get_attribute("aria-describedby") == "number-error"
    write(number="4000 0000 0000 0002", expiry="04/99", cvc="123")
    wait(browser).until(lambda _: browser.find_elements("css selector", "[role=alert]"))
    assert "refusé" in browser.find_element("css selector", "[role=alert]").text
    write(number="4000 0000 0000 3220", expiry="04/99", cvc="123")
    wait(browser).until(lambda _: "Votre banque" in browser.page_source)
    browser.find_element("css selector", "button[value=approve]").click()
    wait(browser).until(lambda _: browser.title == "Shop /thanks")
    assert site.get(f"{INTENTS}/{intent['id']}").body["status"] == "succeeded"


def test_a_person_pays_by_phone(site: Site, browser: Any, shop: str) -> None:
    intent = waiting(site, shop)
    browser.get(f"{site.url}/pay/{intent['id']}")
    wait(browser).until(lambda _: browser.title.startswith("Pay "))
    browser.find_element("id", "phone").send_keys("+221 77 000 00 42")
    browser.find_element("css selector", "button[value=phone]").click()
    wait(browser).until(lambda _: "ends in 42" in browser.page_source)
    browser.find_element("css selector", "button[value=approve]").click()
    wait(browser).until(lambda _: browser.title == "Shop /thanks")


def test_a_person_takes_the_next_step_by_the_picture(site: Site, browser: Any) -> None:
    intent = site.intent()
    site.confirm(intent)
    look(browser, 390, "light")
    browser.get(f"{site.url}{PAGE}/payment_intent/{intent['id']}")
    wait(browser).until(lambda _: intent["id"] in browser.title)
    browser.find_element("css selector", "svg a[href='#do-capture'] text").click()
    wait(browser).until(lambda _: browser.current_url.endswith("#do-capture"))
    browser.find_element("css selector", "form#do-capture button").click()
    wait(browser).until(lambda _: "succeeded" in browser.find_element("id", "now").text)
    assert site.get(f"{INTENTS}/{intent['id']}").body["status"] == "succeeded"

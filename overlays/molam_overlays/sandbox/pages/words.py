"""What the hosted page says, in the languages it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Words = Mapping[str, str]

ENGLISH: Final[Words] = {
    "pay": "Pay {amount}",
    "sandbox": "Molam sandbox · no real money",
    "card": "By card",
    "pay_card": "Pay by card",
    "number": "Card number",
    "expiry": "Expiry, MM/YY",
    "cvc": "Security code (CVC)",
    "numbers": "Test numbers",
    "phone_money": "By mobile money",
    "phone": "Phone number",
    "operator": "Operator",
    "send_prompt": "Send the request to the phone",
    "hurry": "In a hurry",
    "plain_pay": "Pay",
    "plain_decline": "Decline: the bank refuses",
    "plain_cancel": "Cancel: the customer gives up",
    "over": "This payment is {status}; there is nothing to do here.",
    "back": "Back to the shop",
    "bank": "Your bank asks",
    "bank_text": "Do you approve a payment of {amount}?",
    "phone_text": "A request to pay {amount} is on the phone that ends in {end}. Approve it there.",
    "approve": "Approve",
    "refuse": "Refuse",
    "other": "Pay in another way",
    "problem": "This did not work",
    "bad_number": "This is no card number: a digit is wrong or missing.",
    "real_number": "This is a sandbox: use one of the test numbers, never a real card.",
    "bad_expiry": "Write month and year, such as 04/31.",
    "past_expiry": "This card has expired.",
    "bad_cvc": "Three or four digits.",
    "bad_phone": "Write 7 to 15 digits, such as +221770000000.",
    "card_declined": "The bank refused this card. Try another one.",
    "insufficient_funds": "There is not enough money on this account. Try another card.",
    "expired_card": "This card has expired. Try another one.",
    "authentication_failed": "The payment was not approved. Try again, or pay in another way.",
    "succeeds": "succeeds",
    "declined": "the bank refuses",
    "no_money": "not enough money",
    "is_expired": "expired",
    "asks": "the bank asks first",
    "phone_fails": "refused on the phone: {phone}",
}
FRENCH: Final[Words] = {
    "pay": "Payer {amount}",
    "sandbox": "Bac à sable Molam · aucun argent réel",
    "card": "Par carte",
    "pay_card": "Payer par carte",
    "number": "Numéro de carte",
    "expiry": "Expiration, MM/AA",
    "cvc": "Code de sécurité (CVC)",
    "numbers": "Numéros de test",
    "phone_money": "Par mobile money",
    "phone": "Numéro de téléphone",
    "operator": "Opérateur",
    "send_prompt": "Envoyer la demande au téléphone",
    "hurry": "Si vous êtes pressé",
    "plain_pay": "Payer",
    "plain_decline": "Refuser : la banque dit non",
    "plain_cancel": "Annuler : le client renonce",
    "over": "Ce paiement est terminé ({status}) ; il n’y a plus rien à faire ici.",
    "back": "Retour à la boutique",
    "bank": "Votre banque vous demande",
    "bank_text": "Approuvez-vous un paiement de {amount} ?",
    "phone_text": "Une demande de paiement de {amount} est arrivée sur le téléphone qui finit par {end}. Approuvez-la là-bas.",
    "approve": "Approuver",
    "refuse": "Refuser",
    "other": "Payer autrement",
    "problem": "Cela n’a pas marché",
    "bad_number": "Ce n’est pas un numéro de carte : un chiffre est faux ou manque.",
    "real_number": "Ceci est un bac à sable : utilisez un numéro de test, jamais une vraie carte.",
    "bad_expiry": "Écrivez le mois et l’année, par exemple 04/31.",
    "past_expiry": "Cette carte a expiré.",
    "bad_cvc": "Trois ou quatre chiffres.",
    "bad_phone": "Écrivez 7 à 15 chiffres, par exemple +221770000000.",
    "card_declined": "La banque a refusé cette carte. Essayez-en une autre.",
    "insufficient_funds": "Il n’y a pas assez d’argent sur ce compte. Essayez une autre carte.",
    "expired_card": "Cette carte a expiré. Essayez-en une autre.",
    "authentication_failed": "Le paiement n’a pas été approuvé. Réessayez, ou payez autrement.",
    "succeeds": "accepté",
    "declined": "la banque refuse",
    "no_money": "pas assez d’argent",
    "is_expired": "expirée",
    "asks": "la banque demande d’abord",
    "phone_fails": "refusé sur le téléphone : {phone}",
}
LANGUAGES: Final[Mapping[str, Words]] = {"en": ENGLISH, "fr": FRENCH}


def language_of(locale: object) -> str:
    """Return the language that a page speaks for a locale: English unless it knows a nearer one."""
    told = str(locale or "").replace("_", "-").lower().partition("-")[0]
    return told if told in LANGUAGES else "en"

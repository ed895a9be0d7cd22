"""Secrets told in a sentence, with words between their name and their value, in ten languages; and innocent neighbours.

Each name is combined with all words that may belong to it and with all ways to tell its value, the same in every run.
"""

import random
from itertools import product
from typing import NamedTuple

import pytest

from nodes.text.pii.masking import StreamMasker, mask

PASSWORDS = ("Sommer_2024#kfz", "Tr0ub4dor!7", "kfz-2024-blau", "Hunter2024", "m1lch+Kaffee", "Zx9!kLp2", "Nina&Tom88")


class Language(NamedTuple):
    """How a language names passwords, PINs and cards' codes, what belongs to the name, and how the value is told."""

    passwords: str
    uses: str
    pins: str
    codes: str
    places: str
    tells: str


LANGUAGES = {
    "en": Language(
        "password|passcode|login password|Wi-Fi password",
        "| for the PDF| of the shared drive| I use for the bank| that opens the zip| to open the file| from the letter",
        "PIN|pin code|card PIN",
        "CVV|CVC|security code|card security code",
        "| on the back| at the back of my card| of the Visa| for the joint card| that's on the back",
        " is |: | = |, it's | and it's | is still |, which is | - | (it is |? it's | has been changed to | has to be ",
    ),
    "de": Language(
        "Passwort|Kennwort|WLAN-Passwort|Zugangspasswort",
        "| fürs PDF| zum Öffnen| von der Steuer-App| für die Gehaltsabrechnung| beim Finanzamt| das ich dafür nehme",
        "PIN|Geheimzahl|Karten-PIN|Kartenpin",
        "Prüfziffer|CVC|Sicherheitscode|Kartenprüfnummer|Prüfzahl",
        "| hinten drauf| auf der Rückseite| von der Visa| auf der Karte hinten| der Karte",
        " ist |: | lautet |, und zwar | ist jetzt | wäre | war |, das ist | ist immer noch | heißt ",
    ),
    "fr": Language(
        "mot de passe|mdp|code wifi",
        "| du PDF| de mon espace client| pour ouvrir le fichier| sur le site| que j'utilise| d'Ameli| chez EDF",
        "code PIN|code secret|code confidentiel",
        "cryptogramme|code de sécurité|code au dos|CVV",
        "| au dos| de la Visa| derrière la carte| de ma carte",
        " est | : |: |, c'est | = |, à savoir | était | sera | est toujours ",
    ),
    "es": Language(
        "contraseña|clave",
        "| del PDF| para el portal| de la banca online| que uso en Hacienda| en la app| al entrar",
        "PIN|código secreto",
        "CVV|código de seguridad|código de detrás",
        "| de detrás| de la tarjeta| al dorso",
        " es |: | sería |, es | era | sigue siendo | ahora es ",
    ),
    "it": Language(
        "password|parola d'ordine",
        "| del PDF| per il portale| dell'INPS| che uso in banca| nella app",
        "PIN|codice segreto|pin del bancomat",
        "CVV|codice di sicurezza|codice sul retro",
        "| sul retro| della carta| dietro",
        " è |: |, è | era | resta ",
    ),
    "pt": Language(
        "senha|palavra-passe",
        "| do PDF| para o portal| das Finanças| que uso no banco| na app",
        "PIN|código secreto",
        "CVV|código de segurança",
        "| no verso| do cartão| atrás",
        " é |: |, é | era | continua a ser ",
    ),
    "nl": Language(
        "wachtwoord|paswoord",
        "| van de PDF| bij de bank| om het bestand te openen| in de app",
        "pincode|PIN",
        "CVC|beveiligingscode|controlecode|code achterop",
        "| achterop| van de kaart| op de achterkant",
        " is |: |, dat is | was | is nog steeds ",
    ),
    "pl": Language(
        "hasło",
        "| do PDF| w banku| na stronie",
        "PIN|kod PIN",
        "CVV|kod zabezpieczający",
        "| z tyłu| karty",
        " to |: | jest ",
    ),
    "sv": Language(
        "lösenord|lösenordet",
        "| på sidan| hos banken",
        "PIN|pinkoden",
        "CVC|säkerhetskoden",
        "| på baksidan",
        " är |: ",
    ),
    "tr": Language("şifre|parola", "", "PIN|kart şifresi", "CVV|güvenlik kodu", "", ": | = "),
}
NEXT_SENTENCES = {
    "en": " The one for the Kiwibank card is | The one I use at work was |: mine is | My new one's "
    "| For the old bank it's ",
    "de": " Die für die Sparda-Karte lautet | Meine ist |, die von der alten Bank ist jetzt | Für die DKB-Visa ist es ",
    "fr": " Celui de la Banque-Postale est | Le mien est | Pour la Visa c'est ",
    "es": " El de la tarjeta es | El mío era | Para la Visa es ",
    "it": " Quello della carta è | Il mio è | Per la Visa è ",
    "pt": " O do cartão é | O meu é | Para o Visa é ",
    "nl": " Die van de ING-kaart is | De mijne luidt | Voor de kaart is het ",
    "pl": " Ten do karty to | Mój to ",
    "sv": " Den för Visa-kortet är | Min är ",
}
"""How the sentence behind one with the name begins, which tells the value."""
PHRASES = {
    "en": "correct otter banjo seventeen|purple lamp tractor|Kettle Moss Violin Harbour Nine",
    "de": "Banane Tisch Lampe Regen|Wolke Gurke Fenster",
    "fr": "girafe tambour citron velours",
    "es": "jirafa tambor lluvia verde",
    "it": "giraffa tamburo limone velluto",
    "pt": "girafa tambor chuva verde",
    "nl": "giraf trommel citroen fluweel",
}
"""Ordinary words, as people choose them for a password."""
BELONGS = {
    "en": "for the Wi-Fi-Router",
    "de": "für das PayPal-Konto",
    "fr": "pour le compte-chèques",
    "es": "para la app-banco",
    "it": "per il conto-web",
    "pt": "para o banco-app",
    "nl": "voor de bank-app",
}
TOLD = {
    "en": ("is ", "was ", "is still "),
    "de": ("ist ", "lautet ", "ist jetzt "),
    "fr": ("est ",),
    "es": ("es ",),
    "it": ("è ",),
    "pt": ("é ",),
    "nl": ("is ",),
}


def told(language: Language, rng: random.Random) -> list[tuple[str, str]]:
    """Sentences with their secret; no code looks like a year."""
    said: list[tuple[str, str]] = []
    for names, belongs, low, high in (
        (language.passwords, language.uses, 0, 0),
        (language.pins, language.places, 2101, 9999),
        (language.codes, language.places, 101, 999),
    ):
        for name, of, tell in product(names.split("|"), belongs.split("|"), language.tells.split("|")):
            secret = str(rng.randint(low, high)) if high else rng.choice(PASSWORDS)
            said.append((f"{name}{of}{tell}{secret}, thanks", secret))
    return said


def cut_up(text: str, rng: random.Random) -> str:
    """What a stream makes of it, in pieces of one to six characters."""
    masker, sent, place = StreamMasker(), "", 0
    while place < len(text):
        size = rng.randint(1, 6)
        sent += masker.feed(text[place : place + size])
        place += size
    return sent + masker.flush()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_secret_is_masked_however_it_is_told(language: str) -> None:
    """Whatever stands between; the name and its words stay, and a stream says the same (of every fourth)."""
    rng = random.Random(language)  # noqa: S311 - nothing is secret
    sentences = told(LANGUAGES[language], rng)
    masked = [text.replace(secret, "[secret]") for text, secret in sentences]
    assert [mask(text).text for text, _ in sentences] == masked
    assert [cut_up(text, rng) for text, _ in sentences[::4]] == masked[::4]


@pytest.mark.parametrize("language", NEXT_SENTENCES)
def test_a_secret_is_masked_in_the_sentence_behind_its_name(language: str) -> None:
    """Behind a full stop, a question mark or a comma; and a stream says the same."""
    rng, said = random.Random(language), LANGUAGES[language]  # noqa: S311 - nothing is secret
    sentences = [
        (f"{name}{stop}{tell}{secret}, thanks", secret)
        for names, secret in ((said.passwords, rng.choice(PASSWORDS)), (said.pins, "6027"), (said.codes, "274"))
        for name, tell in product(names.split("|"), NEXT_SENTENCES[language].split("|"))
        for stop in ("" if tell[0] in ":," else ".", "" if tell[0] in ":," else "?")
    ]
    masked = [text.replace(secret, "[secret]") for text, secret in sentences]
    assert [mask(text).text for text, _ in sentences] == masked
    assert [cut_up(text, rng) for text, _ in sentences] == masked


def test_a_secret_is_masked_behind_the_plural_of_its_name() -> None:
    """As somebody says who has two."""
    told = (
        "I keep mixing up my PINs. The one for the Kiwibank card is {}, isn't it?",
        "my passwords. The one for the PDF is still {}",
        "there are two PINs. Mine was {}",
        "Meine PINs: die für die Sparda-Karte lautet {}",
        "Mes codes secrets : celui de la Visa est {}",
        "i miei PIN. Quello della carta è {}",
        "mijn pincodes. Die van de bank is {}",
    )
    secrets = [("Hunter2024" if "passwords" in text else "6027") for text in told]
    assert [mask(text.format(secret)).text for text, secret in zip(told, secrets, strict=True)] == [
        text.format("[secret]") for text in told
    ]


@pytest.mark.parametrize("language", PHRASES)
def test_ordinary_words_that_are_a_password_are_masked(language: str) -> None:
    """Up to the end of their clause, in a text at once and in pieces."""
    rng, said = random.Random(language), LANGUAGES[language]  # noqa: S311 - nothing is secret
    names = [name for name in said.passwords.split("|") if name != "clave"]
    for name, phrase, tell in product(names, PHRASES[language].split("|"), TOLD[language]):
        text = f"{name} {tell}{phrase}, and 12 more"
        masked = text.replace(phrase, "[secret]")
        assert mask(text).text == masked
        assert cut_up(text, rng) == masked
        assert mask(text.replace(name, f"{name} {BELONGS[language]}", 1)).text.count(phrase) == 0


REMARKS = (
    "not working today|expiring again next week|causing issues signing online|longer than eight characters"
    "|case sensitive now|usually three random words|my dogs birthday|stored inside bitwarden vault"
    "|common knowledge here|getting hacked constantly|printed underneath router|same email combination"
)


def test_what_is_remarked_of_a_password_stays() -> None:
    """Words that make a sentence are no passphrase."""
    texts = [f"the wifi password {tell} {what}, sorry" for what in REMARKS.split("|") for tell in ("is", "was")]
    texts += [
        "Passwort ist leider schon wieder abgelaufen.",
        "das Passwort ist wie immer Geburtsdatum ohne Punkte",
        "le mot de passe est toujours refusé par le site",
        "la contraseña es demasiado corta para ellos",
        "la password è sempre quella della banca",
        "a senha é muito curta para eles",
        "het wachtwoord is nog steeds verlopen",
        "Password: see separate letter",
        "la clave es pagar deudas pequeñas primero.",
        "the password is identical across four apps",
        "Das Passwort ist drei Monate gültig.",
    ]
    assert [(text, mask(text).text) for text in texts if mask(text).kinds] == []


NAMES = "password|Passwort|mot de passe|contraseña|senha|PIN|Geheimzahl|pincode|CVV|security code|Prüfziffer"
INNOCENT = (
    "the {} for my account is blocked, and rent is 1,250 now",
    "my {} was wrong three times, so they charged 1450 for it",
    "{} reset, it is 2026 after all",
    "the letter with the {} came on 12 May, it is 340 days old",
    "{} rules: it must be at least 12 characters",
    "I lost my {} and it's 14:30 now",
    "{} of the card ending in 4410 is blocked",
    "the {} was sent to 18 Elm Street",
    "we paid 480 because the {} is missing, that is 120 each",
    "the {} is in flat 12B, and was changed on 2026-03-04 to be safe",
    "{} for invoice RE-2024-118 only",
    "my {} was used in Office365 and Windows11",
    "{} letter: reference 4410-2231",
    "{} vergessen, es ist schon das 3. Mal, das sind 400 Euro",
    "le {} est arrivé le 12, c'est 45 euros",
    "la {} es de 4 cifras, es para la cuenta de 2024",
    "the {} and the fee of 35, that is 1235 in all",
    "the {} has been changed to something longer",
    "the {}, which is on the sticker, costs 36 a year, that is 3 a month",
    "the {} goes to user anna.schmidt84, model is FritzBox7590",
    "{} for account number 44102231",
    "the {} is blocked. The one at the bank said 1450 in fees, that is 12 a month",
    "{} forgotten. The new fee is 1450 and the old one was 1240",
    "{} gesperrt. Die Bank will dafür 1450 Euro, die Karte ist 340 Tage alt",
    "le {} est bloqué. La banque demande 1450 euros",
    "{} gesperrt. Die Miete ist jetzt 1250, geht das?",
    "mi {} no va. El de la compra es 1450",
    "two letters about the {}. The rent is 1450",
    "I forgot my {} again. The one thing I know is 1450 left the account",
    "I had to change my {}. For the trip it's 1450 in total",
    "{} vergessen, das ist 3400 Meter entfernt",
    "my {} works again. My old one was from 1998",
)


@pytest.mark.parametrize("name", NAMES.split("|"))
def test_what_is_only_said_beside_its_name_stays(name: str) -> None:
    """Dates, amounts, references and times."""
    texts = [text.format(name) for text in INNOCENT]
    assert [(text, mask(text).text) for text in texts if mask(text).kinds] == []

"""Detect clear prompt injections and jailbreaks.

Precision first. People who talk about money ignore a question, forget a rule for Uber, override a category
and ask for hidden fees; so a rule needs an act *and* its target near each other, never a word alone.
The patterns run on RE2, which does not backtrack: each reads any text in linear time.
"""

import re
import unicodedata
from typing import Any, NamedTuple

import re2


class Rule(NamedTuple):
    """One kind of attack; any of its patterns is enough."""

    name: str
    patterns: tuple[str, ...]


NEAR = r"[^.!?\n]{0,40}?"
"""Up to 40 characters within one sentence."""

_IGNORE = (
    r"(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|overrid(?:e|ing)|bypass(?:ing)?|discard|neglect"
    r"|(?:do not|don't|stop) (?:follow(?:ing)?|obey(?:ing)?)|pay no attention to)"
)
_EARLIER = r"(?:previous|prior|above|earlier|preceding|former|foregoing|initial|original|existing|system|your)"
_ORDERS = r"(?:instructions?|prompts?|directi(?:ve|on)s?|guidelines?|commands?|programming|system messages?|training)"
_SHOW = (
    r"(?:reveal|show|print|repeat|output|display|tell|give|leak|expose|dump|share|recite|copy|quote|return|send"
    r"|write (?:out|down)|what(?: is|'s| are| was| were))"
)
_HIDDEN = r"(?:system|initial|hidden|secret|developer|internal|original|confidential|underlying|pre)"
_LIMITS = r"(?:restrictions?|limitations?|filters?|guardrails?|safety|guidelines|polic(?:y|ies)|ethics|censorship)"
_FREE_AI = r"(?:unrestricted|unfiltered|uncensored|unlimited|jailbroken|evil|amoral|unethical)"

RULES = (
    Rule(
        # "ignore all previous instructions", in the languages users write most
        "override_instructions",
        (
            rf"\b{_IGNORE}\b{NEAR}\b{_EARLIER}\b{NEAR}\b{_ORDERS}\b",
            (
                rf"\b{_IGNORE}\b{NEAR}\b(?:all|any|every|everything)\b{NEAR}"
                r"\b(?:instructions?|prompts?|directives?|you (?:were|have been|are) (?:told|given|taught)"
                r"|said above)\b"
            ),
            rf"\b{_IGNORE}\b{NEAR}\b(?:your|all (?:the|of the)?|system) ?(?:safety |security |core )?rules\b",
            (
                rf"\b(?:ignora|olvida|omite|desatiende|descarta|no sigas)\w*\b{NEAR}"
                rf"\b(?:instrucciones|indicaciones|ordenes|reglas)\b{NEAR}"
                r"\b(?:anteriores|previas|del sistema|de arriba|iniciales|recibido|dado|dieron)\b"
            ),
            (
                rf"\b(?:ignore[zr]?|oublie[zr]?|ne (?:suis|suivez|tiens|tenez) (?:pas|plus)|fais abstraction)\b{NEAR}"
                rf"\b(?:instructions|consignes|directives|regles)\b{NEAR}"
                r"(?:precedentes|anterieures|ci-dessus|systeme|initiales|recues|donnees)\b"
            ),
            (
                rf"\b(?:ignorier\w*|vergiss|vergesst|vergessen sie|missachte\w*|ubergeh\w*)\b{NEAR}"
                rf"\b(?:vorherig|bisherig|obig|fruher|vorig|vorangegangen|alle|deine|ihre|system)\w*\b{NEAR}"
                r"\b(?:system)?(?:anweisung|instruktion|vorgabe|regel|befehl)\w*\b"
            ),
            (
                rf"\b(?:ignor[ea]|esqueca|esquece|desconsider[ea]|descart[ea])\b{NEAR}"
                rf"\b(?:instrucoes|orientacoes|regras|comandos)\b{NEAR}"
                r"\b(?:anteriores|previas|acima|do sistema|iniciais)\b"
            ),
            (
                rf"\b(?:ignora|dimentica|trascura|tralascia)\w*\b{NEAR}"
                rf"\b(?:istruzioni|indicazioni|regole)\b{NEAR}"
                r"\b(?:precedenti|sopra|del sistema|iniziali|ricevute)\b"
            ),
            (
                r"\b(?:new|updated|revised) (?:system )?(?:instructions?|prompt|directives?) ?(?::|follow"
                r"|override|replace)"
            ),
        ),
    ),
    Rule(
        # asking for the system prompt
        "reveal_prompt",
        (
            rf"\b{_SHOW}\b{NEAR}\b{_HIDDEN}[ -]?(?:prompts?|instructions?|messages?|directives?|configuration)\b",
            rf"\b{_SHOW}\b{NEAR}\b(?:your|the) (?:full |entire |exact |complete |whole )?prompt\b",
            (
                rf"\b{_SHOW}\b{NEAR}\b(?:everything|all(?: the)? text|the (?:text|words|content)s?)\b{NEAR}"
                r"\b(?:above|before this|preceding)\b"
            ),
            (
                rf"\b(?:muestra|revela|dime|imprime|repite|ensena)\w*\b{NEAR}"
                rf"\b(?:prompt|instrucciones)\b{NEAR}\b(?:sistema|inicial(?:es)?|ocult[ao]s?|secret[ao]s?)\b"
            ),
            (
                rf"\b(?:montre|revele|affiche|donne|repete|dis)\w*\b{NEAR}"
                rf"\b(?:prompt|instructions|consignes)\b{NEAR}(?:systeme|initiales?|cachees?|secretes?)\b"
            ),
            (
                rf"\b(?:zeig|verrat|gib|nenn|druck|wiederhol)\w*\b{NEAR}"
                r"\b(?:system-?prompt\w*|system-?anweisung\w*|(?:versteckte|geheime|interne)\w* (?:anweisung"
                r"|instruktion)\w*)"
            ),
            (
                rf"\b(?:mostr[ea]|revel[ea]|exib[ae]|dig[ao]|imprim[ae]|repit[ae])\b{NEAR}"
                rf"\b(?:prompt|instrucoes)\b{NEAR}\b(?:sistema|iniciais|inicial|ocultas|secretas)\b"
            ),
            (
                rf"\b(?:mostra|rivela|dimmi|stampa|ripeti)\w*\b{NEAR}"
                rf"\b(?:prompt|istruzioni)\b{NEAR}\b(?:sistema|inizial[ei]|nascost[ei]|segret[ei])\b"
            ),
        ),
    ),
    Rule(
        # markup of chat templates, which forges another role
        "role_markers",
        (
            r"<\|?/?(?:im_start|im_end|system|assistant|endoftext|start_header_id|eot_id)\|?>",
            r"\[/?inst\]|<</?sys>>",
            r"(?:^|\n)\s*#{2,}\s*(?:system|assistant|instructions?)\s*:?\s*(?:\n|$|you\b)",
            (
                r"(?:^|\n)\s*\[?(?:system|assistant|developer)\]?\s*:\s*(?:you\b|ignore\b|new\b|override\b"
                r"|from now\b|reveal\b"
                r"|sure\b|disable\b|the user\b)"
            ),
        ),
    ),
    Rule(
        # a persona without rules
        "jailbreak_persona",
        (
            r"\bdo anything now\b",
            (
                r"\b(?:you are|you're|act as|pretend (?:to be|you are|you're)|become|role-?play as|simulate"
                r"|behave (?:as|like))"
                rf"{NEAR}\b(?:dan|stan|dude|{_FREE_AI}(?: \w+)? (?:ai|assistant|model|chatbot|bot|llm|system))\b"
            ),
            (
                rf"\b(?:enable|enter|activate|switch (?:to|into)|turn on|unlock|go into)\b{NEAR}"
                r"\b(?:developer|god|debug|jailbreak|admin|sudo|unrestricted|dan)[ -]?mode\b"
            ),
            (
                r"\b(?:developer|god|jailbreak|dan|sudo)[ -]mode (?:is )?(?:now )?(?:enabled|on|activated"
                r"|active|engaged)\b"
            ),
            rf"\b(?:jailbreak|jailbroken)\b{NEAR}\b(?:you|yourself|mode|prompt|response)\b",
        ),
    ),
    Rule(
        # removing the assistant's limits
        "unrestricted_mode",
        (
            (
                rf"\byou (?:now )?(?:have|operate (?:with|under)"
                rf"|are under) (?:absolutely )?no (?:\w+,? ){{0,3}}{_LIMITS}\b"
            ),
            (
                r"\byou(?:'re| are) (?:now )?(?:free (?:of|from)|no longer (?:bound|limited|restricted) by"
                r"|not bound by)\b"
                rf"{NEAR}\b(?:{_LIMITS}|rules)\b"
            ),
            (
                rf"\b(?:disable|turn off|remove|bypass|ignore|deactivate|drop|lift|switch off|circumvent)\b{NEAR}"
                rf"\byour\b{NEAR}\b{_LIMITS}\b"
            ),
            rf"\b(?:answer|respond|reply|speak|act)\b{NEAR}\bwithout (?:any |your )(?:\w+ )?{_LIMITS}\b",
            (
                rf"\bfrom now on,? you(?:'ll| will| must| are (?:to|going to))\b{NEAR}"
                r"\b(?:obey|comply|answer (?:anything|everything)|never refuse|do (?:anything|everything|whatever))\b"
            ),
        ),
    ),
    Rule(
        # claiming authority over the assistant
        "false_authority",
        (
            (
                rf"\bi(?:'m| am)\b{NEAR}\b(?:your|the) (?:developer|creator|programmer|engineer|administrator|admin)\b"
                r".{0,80}?\b(?:override|reveal|debug|disable|bypass|print|unlock|grant|dump)\b"
            ),
        ),
    ),
)


def _compiled(rule: Rule) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # a byte is a character: the text matched is ASCII
    options.never_capture = True
    options.max_mem = 1 << 20  # bytes; more would cost time for a text made to fill them
    options.log_errors = False  # RE2 would print that they are full, and works on without them
    return re2.compile("|".join(rule.patterns).encode("ascii"), options)


_COMPILED = tuple((rule.name, _compiled(rule)) for rule in RULES)

_IGNORED = re.compile(r"[\u0300-\u036f\u061c\u200b-\u200f\ufe0f]+")  # accents, direction marks and joiners
_LIGATURES = re.compile(r"[\ufdfa\ufdfb]")  # Arabic ligatures of up to 18 letters
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
# With `re` for its look-around. Linear: separators are no letters, and their repeat is possessive (`{1,2}+`).
_SPELLED = re.compile(r"(?<![a-z0-9])(?:[a-z0-9][ .\-_*]{1,2}+){3,40}[a-z0-9](?![a-z0-9])")
_BETWEEN_LETTERS = re.compile(r"[ .\-_*]{1,2}")


def detect(text: str) -> str | None:
    """The name of the rule that the text matches; None for a text that is not clearly an attack.

    Args:
        text: as cleaned by `cleaning.clean`: a longer run of marks would take quadratic time here, too.
    """
    plain = _plain(text).encode("ascii")
    return next((name for name, pattern in _COMPILED if pattern.search(plain)), None)


def _plain(text: str) -> str:
    """The text that is matched: ASCII in lower case, single spaces, spelled-out words joined.

    Letters lose their accents; a character of another script becomes "~", which is no part of a word.
    """
    if not text.isascii():
        short = _LIGATURES.sub("~", text)
        text = _IGNORED.sub("", unicodedata.normalize("NFKD", short))
    folded = text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    joined = _SPELLED.sub(_joined, _NON_ASCII.sub("~", folded))
    # "You have no idea what filters do" is about no limits, and RE2 has no look-ahead to exclude it.
    return re.sub(r"[ \t]+", " ", joined).replace("no idea", "an idea")


def _joined(spelled: re.Match[str]) -> str:
    """Joins "i g n o r e  a l l" to "ignore all": one separator is between letters, two between words."""
    return _BETWEEN_LETTERS.sub(lambda gap: "" if len(gap[0]) == 1 else " ", spelled[0])

"""Words and figures by which a summary without a model tells what matters. The patterns are linear."""

import re

NUMBER = re.compile(r"\d{1,32}")
SPELT = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundred|thousand"
    r"|half|quarter|third|once|twice|every|each|both|zwei|drei|vier|fünf|sechs|deux|trois|quatre|cinq|dos|tres|cuatro)\b",
    re.IGNORECASE,
)
NAME = re.compile(r"(?<=[a-z,;:] )[A-Z][\w'-]{0,30}")
DECISION = re.compile(
    r"\b(?:decided?|agreed|settled|choose|chose|prefer|rather|instead|not|no|never|don't|doesn't|won't|can't|isn't|without"
    r"|only|please|use|keep|keeps|call|called|named|rename|start|stop|cancel|change|move|leave|stay|let's|i'll|we'll|i'd"
    r"|we'd|i've|my|our|want|wants|need|needs|plan|hate|love|like|owe|owes|pay|pays|paid|earn|earns|cost|costs|sell"
    r"|selling|buy|buying|nicht|kein|keine|lieber|statt|immer|nie|pas|sans|jamais|siempre|nunca|sin)\b",
    re.IGNORECASE,
)
CORRECTED = re.compile(
    r"\b(?:not|instead of|rather than|nicht|statt|et non|pas|y no|non)[ ](?:[^\W\d]{1,12}+[ ])?[$€£]?(\d[\d.,]{0,15})",
    re.IGNORECASE,
)
LIFE = re.compile(
    r"\b(?:rent|salary|income|wages?|mortgage|loans?|debts?|sav(?:e|es|ed|ings?)|budget|goals?|house|flat|apartment|cars?"
    r"|child(?:ren)?|kids?|sons?|daughters?|baby|wife|husband|partner|married|divorced|jobs?|employer|freelance"
    r"|self-employed|business|clients?|retire(?:d|ment)?|pension|tax(?:es)?|vat|gst|deadline|due|insurance"
    r"|mov(?:e|ed|ing)|accounts?|cards?|bank|invest(?:ed|ments?|ing)?|prefers?|always|never|allergic|wedding|holiday"
    r"|trip|deposit|overdraft|decided|agreed|plan|want|need|percent|euros?|dollars?|pounds?|francs?|january|february"
    r"|march|april|may|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|friday"
    r"|saturday|sunday|weekly|monthly|yearly|quarterly|cancel(?:l?ed)?|separate|automatic|transfers?|standing order"
    r"|receipts?|invoices?|emergency|fund|avoid|aside|snowball|avalanche|buffer|compare|split|forms?|envelopes?"
    r"|spreadsheet|folder|rules?|categor(?:y|ies)|labels?|export|csv|pdf|statements?|allowance|deduct(?:ions?|ible)?"
    r"|interest|rate|minimum|payments?|contract|subscriptions?|refund|fees?|bills?|first|last|until|before|by the)\b",
    re.IGNORECASE,
)
TALK = re.compile(
    r"(?:hi|hello|hey|good (?:morning|evening|afternoon|day)|morning|thanks?(?: you)?|thank you|cheers|great|perfect"
    r"|lovely|ok(?:ay)?|alright|right|well|so|hmm?|oh|ah|yep|yeah|sure|of course|certainly|good|no worries"
    r"|congratulations|anything else|happy to help|you're welcome|understood|noted|got it|done|see you|bye|haha|lol"
    r"|sorry|nice|exciting|hallo|danke|bonjour|merci|hola|gracias)(?![\w'])",
    re.IGNORECASE,
)
"""How sentences begin that say nothing of their own."""

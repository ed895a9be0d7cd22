"""Words and figures by which a summary without a model tells what matters. The patterns are linear."""

import re

NUMBER = re.compile(r"\d{1,16}+(?:[.,:/]\d{1,16}+){0,4}+")
"""A figure, a date or a time."""
SPELT = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    r"|eighteen|twenty|thirty|forty|fifty|hundred|thousand"
    r"|half|quarter|third|once|twice|every|each|both|zwei|drei|vier|fünf|sechs|deux|trois|quatre|cinq|dos|tres"
    r"|cuatro)\b",
    re.IGNORECASE,
)
NAME = re.compile(
    r"(?<=[^\W\dA-Z_] )(?!I\b|I['’])[A-ZÀ-ÖØ-Þ][\w'-]{0,30}|(?<=[,;:] )(?!I\b|I['’])[A-ZÀ-ÖØ-Þ][\w'-]{0,30}"
    r"|^[A-ZÀ-ÖØ-Þ][\w-]{1,30}(?=(?: and (?:[Ii]|me|my)\b|, (?:my|our|her|his) |['’]s (?!not|a|the|ok|fine|it)))",
)
DECISION = re.compile(
    r"\b(?:decided?|agreed|settled|choose|chose|prefer|rather|instead|not|no|never|don't|doesn't|won't|can't"
    r"|isn't|without"
    r"|only|please|use|keep|keeps|call|called|named|rename|start|stop|cancel|change|move|leave|stay|let's|i'll"
    r"|we'll|i'd"
    r"|we'd|i've|my|our|want|wants|need|needs|plan|hate|love|like|owe|owes|pay|pays|paid|earn|earns|cost|costs|sell"
    r"|selling|buy|buying|nicht|kein|keine|lieber|statt|immer|nie|pas|sans|jamais|siempre|nunca|sin)\b",
    re.IGNORECASE,
)
CHOICE = re.compile(
    r"\b(?:let's|let us|go(?:ing)? (?:with|for)|(?:we|i|we'll|i'll|i'd|we'd) (?:rather |do |only |just )?"
    r"(?:take|want|do|go|keep|stay|use|prefer|buy|get|avoid|don't want)|it is|then it|has to be|have to be"
    r"|must be|don't want|do not|not want"
    r"|no [a-z]{3,20}(?: please)?|only|without|never|cancel|wait(?: for| until| till)"
    r"|wir nehmen|ich nehme|nehmen wir|lieber|ich will|ich möchte|auf keinen fall|ohne|keine?n?|on prend"
    r"|je veux|je préfère"
    r"|quiero|prefiero|sin)\b",
    re.IGNORECASE,
)
"""How a choice is told, or what is not wanted."""
FOR_USER = re.compile(
    r"\b(?:you|your|yours|we|us|our|i|i'll|i've|noted|du|dich|dir|dein|deine|deinen|deiner|ihnen|ihre?n?|wir"
    r"|ich|vous|votre"
    r"|vos|tu|te|ton|ta|tes|nous|usted|su|sus|tú|ti|tus?|le|that(?:'s| is| makes| leaves| saves)|then|so)\b",
    re.IGNORECASE,
)
"""How employees speak to the user, or of a result for the user."""
CORRECTED = re.compile(
    r"\b(?:not|instead of|rather than|nicht|statt|et non|pas|y no|non)[ ](?:[^\W\d]{1,12}+[ ])?[$€£]?(\d[\d.,]{0,15})",
    re.IGNORECASE,
)
LIFE = re.compile(
    r"\b(?:rent|salary|income|wages?|mortgage|loans?|debts?|sav(?:e|es|ed|ings?)|budget|goals?|house|flat"
    r"|apartment|cars?"
    r"|child(?:ren)?|kids?|sons?|daughters?|baby|wife|husband|partner|married|divorced|jobs?|employer|freelance"
    r"|self-employed|business|clients?|retire(?:d|ment)?|pension|tax(?:es)?|vat|gst|deadline|due|insurance"
    r"|mov(?:e|ed|ing)|accounts?|cards?|bank|invest(?:ed|ments?|ing)?|prefers?|always|never|allergic|wedding|holiday"
    r"|trip|deposit|overdraft|decided|agreed|plan|want|need|percent|euros?|dollars?|pounds?|francs?|january|february"
    r"|march|april|may|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|friday"
    r"|saturday|sunday|weekly|monthly|yearly|quarterly|cancel(?:l?ed)?|separate|automatic|transfers?|standing order"
    r"|receipts?|invoices?|emergency|fund|avoid|aside|snowball|avalanche|buffer|compare|sisters?|brothers?|mum"
    r"|mom|mother|dad|father|friend|flatmate|landlord|landlady|neighbour|colleague|cousin|aunt|uncle"
    r"|split|forms?|envelopes?"
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

QUESTION = re.compile(
    r"(?:and |but |so )?(?:what|how|why|where|who|do you|does|did|can you|could you|should|is it|is that|was"
    r"|wie|warum|wo"
    r"|comment|pourquoi|qué|cómo)(?![\w'])",
    re.IGNORECASE,
)
"""How questions begin, whose mark may be in another clause."""
FILLER = re.compile(
    r"(?<![\w'-])(?:really|actually|honestly|basically|literally|obviously|totally|kind of|sort of|you know"
    r"|i mean|i think"
    r"|i guess|to be honest|tbh|lol|haha|btw|by the way|of course|funnily enough|i suppose|as i said|echt|eigentlich"
    r"|irgendwie|halt|übrigens|en fait|franchement)(?![\w'-])(?:,? (?=[\w$€£])|,?$)",
    re.IGNORECASE,
)
"""Words that a sentence loses nothing by."""

WORD = re.compile(r"(?<![\w'’])[^\W\d_]{5,24}(?![\w'’])")
COMMON = frozenset(
    """about above after again almost along already although always another anyway around asked because become been
    before being better between bought bring could couple didn doing during either enough every everything exactly
    feels first found getting going great guess happy haven having heard honest hello honestly idea isn know later least
    little looking makes maybe might money month months morning never nothing number other people place please
    possible pretty probably quite rather really right said same should since something sorry sounds still stuff sure
    thank thanks their them there these they thing things think this those though thought through times today together
    tomorrow under until using wanted wants weeks where whether which while whole would wrong years yesterday yours
    aber alles auch dann dass danke denke diese doch etwas genau ganze glaube haben hatte immer jetzt keine kommt können
    könnte machen mehr mein meine meinen möchte müsste nicht nichts noch oder schon sein sich sind über vielleicht
    wäre weiß wenn werden wieder wird wirklich wohl würde zwei alors aussi avec avoir bien cette comme dans encore être
    faire fait merci mais même moins nous parce peut plus pour quand quelque sont suis sur tous tout toute très vous
    ahora algo bien como con creo cuando cuanto desde donde entonces esta estar este esto gracias hacer hasta mucho
    nada nunca otra otro para pero poco porque puede puedo que quiero siempre sobre solo también tengo tiene todo
    todos una unos""".split()  # noqa: SIM905
)
"""Words of five letters or more that say nothing of a conversation's subject."""
INITIAL = re.compile(r"[A-ZÀ-ÖØ-Þ][\w-]{2,30}")
STARTERS = COMMON | frozenset(
    """all also and any are ask back both but buy call can check come did does done each even few fine for from get give
    good got had has have hello hey his her him hmm how its it's just keep last let let's like lol long look made make
    many may me mine more most much must need new next nice nope not now off oh okay old once one only our out over own
    pay perfect put right same save say see send set she show six some soon such sure take ten tell than that that's
    the then they too try two use very wait want was way well were what what's when who why will wish with won't work
    yeah yes yep yet you your i'd i'll i'm i've don't can't we're we've we'll he's she's there's
    also bitte dann das den der die ein eine einen für gut hab habe hallo ich ist ja kann kein kannst man mit nach
    nein nur okay schön sie soll und von war was welche wie wir zum zur aujourd bonjour c'est ces des est les mon non
    oui par pas que qui sans ses son une bueno del ella hola los las más mis muy por sin sus vale""".split()  # noqa: SIM905
)
"""Words that sentences begin with beside names."""

"""Patterns of what people say of themselves for longer than a day, for `stated_facts`; English, for RE2.

Each begins at the clause's first word. A verb alone is never enough: it comes with what makes its object last ("I have"
with a mortgage or children, "I pay" with a month, "I want to" with a plan of one's own).
"""

PERIOD = (
    r"(?:(?:an?|per|every|each|a single) (?:week|month|quarter|year|fortnight|hour|day|shift)|monthly|weekly|yearly"
    r"|annually|quarterly|every (?:two|other|three|six) (?:weeks?|months?))"
)
NUMBER = (
    r"(?:[$€£¥]? ?\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|fifty)\b"
    r"|\b(?:a|one) (?:hundred|thousand|million)\b)"
)
MONTH = r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b"
WITH_ME = r"my (?:wife|husband|partner|girlfriend|boyfriend|spouse|fianc[eé]e?|flatmate|sister|brother)"
WE = rf"(?:i|we|{WITH_ME} and i)"
AM = rf"(?:i'?m|i am|we'?re|we are|{WITH_ME} and i are)"
HAVE_DONE = r"(?:i'?ve|we'?ve|i have|we have)"

_OFTEN = (
    r"(?:(?:always|never|usually|normally|generally|mostly|often|regularly|currently|also|still|only|now|no longer"
    r"|both|already|just|recently|finally|really) ){0,2}"
)
_END = r"(?:[\s,.!)/]|$)"
_HOME = r"(?:house|home|flat|apartment|place|property|cottage|studio|land|condo|bungalow)"
_OWNED = (
    rf"(?:{_HOME}s?|properties|car|cars|van|motorbike|campervan|boat|business(?:es)?|shop|company|practice|farm"
    r"|restaurant|shares|stocks|etfs?|funds?|bonds|crypto|bitcoin|gold)"
)
_HAD = (
    rf"(?:{_OWNED}|kids?|child(?:ren)?|sons?|daughters?|twins|baby|toddlers?|teenagers?|dogs?|cats?|pets?|horses?"
    r"|wife|husband|spouse|partner|mortgage|loans?|debts?|credit cards?|pensions?|savings?|accounts?|isa|401\(?k\)?"
    r"|ira|roth|overdraft|jobs?|incomes?|salary|degree|employees?|staff|clients?|tenants?|lodgers?|landlord"
    r"|insurance|emergency fund|allergy|allergies|disability|visa|residence permit|siblings?|dependants?|dependents?"
    r"|side (?:hustle|gig|project)|hourly rate|contract|goals?|budget|scholarship|grant|lease|nest egg|adhd|dyslexia"
    r"|diabetes|rental|stepchildren|stepson|stepdaughter|grandchildren)"
)
_HAVE = (
    r"(?:(?:have|have got|own|hold|lease) (?:still |only |also )?(?:an?|no|my|our|two|three|four|five|six|several"
    r"|some|many|few|one|both|zero|about|around|over|roughly|\d\S*|life|health|private|student|joint|savings|shares"
    rf"|stocks|kids|children|debts|insurance)(?: (?:\S+ ){{0,5}}?{_HAD}{_END}|$|,| and\b)|have (?:about |around "
    rf"|roughly |over |nearly )?[$€£]?\d\S* (?:\S+ ){{0,3}}?(?:saved|invested|set aside|put aside|put by|in (?:a|an"
    r"|my|our|cash|savings|the bank)|on my|of debt)|(?:own|run|rent out|let out|sublet) (?:a|an|my|our|two|three"
    r"|half) )"
)
_LESS = r"(?:spending|costs?|bills?|expenses|debts?|hours|food|fees|grocer\S+|takeaways?|tax\S*|mortgage|rent|budget)"
_DEBT = r"(?:debts?|overdraft|loans?|credit|balance|card|mortgage)"
_AIM = (
    r"(?:save (?:up )?(?:for|[$€£¥]?\d\S*|at least|about|around|enough|more|money|an?|half|some|roughly|up)"
    rf"|buy (?:\S+ ){{1,4}}?(?:{_HOME}|car|van|bike|boat|camper|business|laptop|piano|ring){_END}|retire|be (?:debt"
    rf"|mortgage)|pay (?:off|down|back)|clear (?:\S+ ){{1,3}}?{_DEBT}|move (?:to (?-i:[A-Z]|an? )|out|abroad|in with"
    r"|closer)|get out of debt|build (?:an?|up|my) (?:\S+ )?(?:emergency|buffer|cushion|house|home|fund|savings"
    r"|credit|business|portfolio|reserve)|own (?:a|my|our)|start (?:(?:a|my|our) (?:\S+ )?(?:business|company|family"
    r"|pension|fund|shop|bakery|cafe|café|career)|investing|saving|freelancing|budgeting)|become|reach [$€£]?\d\S*"
    rf"|quit (?:my|smoking)|set aside|put (?:\S+ ){{0,3}}?(?:aside|away|by|into)|(?:reduce|cut|lower|cut down on"
    rf"|cut back on|halve) (?:\S+ ){{0,3}}?{_LESS}|travel (?:to|around|the|for)|invest|stop (?:spending|overspending"
    r"|smoking|buying|eating|living|wasting|using|working)|spend (?:less|no more|at most|under|up to)"
    r"|keep (?:at least|my spending|an emergency|[$€£]?\d\S*)|have (?:at least )?[$€£¥]?\d\S*|(?:donate"
    rf"|give) .{{0,30}}?(?:{NUMBER}|charity)|leave (?:my|the country|work|full)|work (?:part|less|abroad|fewer|until"
    r"|four|remotely)|earn|remortgage|refinance|max out|take (?:a sabbatical|a year|parental|early retirement"
    r"|unpaid)|go (?:part|freelance|self|back to)|finish paying|afford|renovate|live (?:in|on|off|abroad)"
    r"|raise (?:my (?:rates?|prices|salary|income|credit)|kids|a family|[$€£]?\d\S*)|downsize|hire (?:an?|my)"
    r"|replace (?:my|our|the) (?:car|roof|boiler|kitchen|laptop|phone|windows)|open (?:a|my) (?:\S+ )?(?:shop|cafe"
    rf"|café|restaurant|bakery)|sell (?:my|our|the) (?:\S+ )?{_OWNED}|have (?:another|our|kids|children|a (?:baby"
    r"|child|buffer|cushion))|rent out|adopt a)\b"
)
_SINCE = (
    r"been (?:self|freelanc\S*|employed|working (?:as|for|at|in (?:a|an|the|it|[a-z]+)|part|full|freelance|from)"
    r"|living|renting|saving|married|single|divorced|widowed|paying (?:off|rent|into|for|\d)|with|retired|unemployed"
    rf"|investing|out of|off work|vegan|vegetarian|together)\b.{{0,60}}?(?:\bsince (?:\d|last|my|our|the|i|we"
    rf"|{MONTH})|\bfor .{{0,20}}?(?:years?|months|decades?)|\d+ years)"
)
_VERBS = (
    rf"{_HAVE}",
    # Money that comes and goes
    rf"(?:earn|bring home|take home|gross|receive)\b.{{0,40}}?{NUMBER}",
    (
        r"(?:make|net|get|claim|draw|clear) (?:about |around |roughly |up to |only )?[$€£¥]?\d\S* (?:(?:euros?"
        rf"|dollars?|pounds?|francs?|eur|usd|gbp|chf|bucks|quid|net|gross) ){{0,2}}(?:{PERIOD}|after tax|before tax)"
    ),
    (
        r"(?:receive|get|claim|draw) (?:\S+ ){0,3}?(?:benefits?|allowance|pension|alimony|maintenance|dividends"
        r"|royalties|child support)\b"
    ),
    r"charge (?:clients |customers |people )?[$€£]?\d",
    r"get paid (?:on|every|weekly|monthly|fortnightly|twice|bi-?weekly|by|in|at|hourly|once|irregularly)",
    rf"(?:pay|owe|spend|save|invest|donate|give|put|set aside|transfer|contribute|send|budget)\b.{{0,60}}?\b{PERIOD}",
    (
        r"(?:pay|put|invest|save|give|donate) (?:\S+ ){0,3}?(?:\d+ ?%|\d+ percent|ten percent|half|a (?:third|quarter"
        r"|tenth))"
    ),
    r"(?:still )?owe (?:\S+ ){0,3}?[$€£¥]?\d|save [$€£¥]?\d",
    (
        r"pay (?:my \S+ |our )?(?:rent|alimony|child support|maintenance|tuition|everything|for everything|most|cash"
        r"|by|in cash|with|my bills|the rent|taxes (?:in|to|as)|tax (?:in|to|as)|into (?:a|my))"
    ),
    (
        rf"(?:shop|buy|eat out|order|take|track|check|review|pay off|top up|rebalance) (?:\S+ ){{0,6}}?(?:{PERIOD}"
        r"|on (?:mon|tues|wednes|thurs|fri|satur|sun)days?|once|twice|in cash|with cash|online|second[- ]hand"
        r"|in bulk|at the end of)"
    ),
    (
        r"split (?:the |our |all )?(?:bills|rent|costs|everything|expenses)|keep (?:my|our|separate|joint|\d\S*|about"
        r"|some|all) "
    ),
    (
        rf"have to pay\b.{{0,60}}?{PERIOD}|(?:rely|depend) on (?:my|our|tips|benefits|the|a|public)"
        r"|employ (?:\S+ )?(?:people|staff|person)"
    ),
    # Living and working
    r"rent (?:a|an|my|our|the|out|in|from|for|\d|with|and|alone|privately)|rent$",
    r"live (?:in|with|on|near|alone|at|between|abroad|together|by|off|outside|rent)",
    (
        r"work (?:as|for|at|in|part|full|freelance|nights?|two|three|four|remotely|shifts?|from|weekends|\d|seasonal"
        r"|abroad)"
    ),
    r"(?:study|teach) (?:at|in|full|part|law|medicine|economics|engineering|nursing|\S+ (?:at|in|to|online))",
    r"do (?:gig|odd|night|freelance|contract|shift|delivery|seasonal|casual|agency) |freelance|home ?school",
    (
        r"\S+ (?:\S+ ){0,6}?(?:for a living|on the side|part[- ]time|full[- ]time|(?:on|at) (?:the )?weekends"
        r"|professionally|on etsy|on ebay|for clients)"
    ),
    (
        r"sell (?:\S+ ){1,5}?(?:on|online|at)|drive (?:a|an|for|to|\d)|commute|cycle to|travel (?:a lot|for work"
        r"|every|often)"
    ),
    r"bank with|file (?:my|our|jointly|quarterly|taxes|as|in)|support (?:my|our|two|three)|look after|care for",
    rf"share (?:a|the|my|our) (?:\S+ )?(?:{_HOME}|car|rent|account|bills|costs|mortgage)",
    (
        rf"{_SINCE}|turn(?:ed)? \d\d(?:$| (?:in|this|next|last|on))|come from (?-i:[A-Z])|start (?:a new|my new|as|at"
        r"|work)"
    ),
    # Plans and preferences
    (
        rf"(?:want|hope|need|plan|intend|aim|expect) to (?:\S+ly )?{_AIM}|plan on (?:retiring|buying|moving|selling"
        r"|having|quitting)"
    ),
    (
        r"want (?:a|an|my|our|short|simple|weekly|monthly) (?:\S+ ){0,4}?(?:answers?|house|retirement|budget|fund|car"
        r"|holiday|pension|wedding|summar(?:y|ies)|replies)\b|want (?:all |my |your )?(?:answers|amounts|figures"
        r"|replies|summaries|numbers) in "
    ),
    (
        r"(?:prefer|dislike) |avoid (?:debt|risk|credit|\S+ing)|(?:hate|fear) (?:debt|risk|owing|loans|credit"
        r"|budgeting|being in debt|borrowing)"
    ),
    (
        r"(?:like|love) (?:short|simple|plain|detailed|brief|charts|tables|lists|bullet)|refuse to (?:borrow|pay"
        r"|invest|use|take)"
    ),
    r"(?:shop|buy (?:my|our) \S+) (?:at|in|online|only)",
    (
        r"use (?:\S+ ){0,4}?(?:cash|cards?|spreadsheets?|ynab|excel|envelopes?|credit union|bank|notebook|sheets|xero"
        r"|quickbooks|paypal|public transport|the bus|budgeting app)\b"
    ),
)
_NEVER = (
    rf"{_HAVE}|drive\b|drink\b|smoke|eat (?:meat|out|pork|fish)|use (?:a|credit|cash|cards?|my credit|online)"
    r"|own (?:a|an|any)|work (?:on|in|for|mondays|fridays|full|anymore|any more)|(?:want|plan|intend) to (?:touch"
    r"|use my|invest|borrow|take on|go into|sell my|move|retire|buy|own|risk|have)|like (?:debt|risk|credit|paying"
    r"|to take|to borrow|taking)|want (?:kids|children|debt)|invest\b|trust (?:banks|crypto|stocks)|pay (?:rent|tax"
    r"|taxes)|believe in (?:debt|credit)|earn|have any|take on|borrow|lend"
)
_BE = (
    r"(?:self[- ]employed|employed (?:by|at|as|full|part)|unemployed|freelanc(?:e|ing)\b|retired\b|married|single$"
    r"|single (?:and|with)|divorced|separated from|widowed|engaged to|pregnant|vegetarian|vegan|disabled|blind|deaf"
    r"|dyslexic|colou?r[- ]?blind|expecting (?:a|our|my|twins)|(?:vat|gst)[- ]registered|registered (?:for|as|in)"
    r"|insured (?:with|by)|based in|from (?-i:[A-Z])|living (?:in|with|on|alone|off|at|abroad)|working (?:as|for|at"
    r"|in (?:a|an|the|it|[a-z]+)|part|full|remotely|nights|freelance|two|three)|renting|paying off"
    rf"|paying (?:\S+ ){{0,4}}?[$€£]?\d\S* (?:\S+ ){{0,4}}?{PERIOD}|earning|saving (?:up )?(?:for|to|towards?"
    r"|[$€£]?\d|about|around|half|every|a|an|roughly)|studying (?:at|for|to|in|part|full|\S+ (?:at|in))|allergic"
    r"|paid (?:on|every|weekly|monthly|hourly|by|fortnightly|in)|on (?:an? )?(?:\S+ )?(?:contract|visa|pension"
    r"|benefits|parental leave|maternity leave|paternity leave|sick leave|salary|income|budget|universal credit"
    r"|minimum wage|probation)|retiring|moving (?:to|in with|out|abroad)|getting (?:married|divorced)"
    r"|planning (?:a (?:wedding|move)|for (?:retirement|a))|(?:planning|aiming|hoping|trying|looking"
    rf"|saving) to {_AIM}|having (?:a|our|my) (?:baby|second|third|first|child)|raising|supporting (?:my|our|two"
    r"|three|a)|in debt|in my (?:early |late |mid[- ]?)?(?:teens|\d|twenties|thirties|forties|fifties|sixties)"
    r"|behind (?:on|with) (?:my|our|the)|on [$€£]?\d\S*|cutting (?:back|down)|taxed|starting (?:a|my|at|as)"
    rf"|(?:putting|paying|setting|spending|investing|giving|sending|making|contributing) .{{0,60}}?{PERIOD}"
    r"|due to (?:retire|give birth|finish)|born (?:in|on)|(?:the )?(?:sole|main|only) (?:earner|owner|breadwinner"
    r"|parent|caregiver)|the owner of|tax resident|resident in|debt[- ]free|(?:bad|terrible|hopeless|good) (?:with"
    r"|at) (?:money|saving|budgeting)|risk[- ]averse|out of work|between jobs|my own boss|training (?:to|as)"
    rf"|doing (?:a|an|my) (?:\S+ )?(?:phd|degree|apprenticeship|master\S*|mba|internship|traineeship)|\d{{2}}(?:$"
    rf"| (?:years old|and|now|this year|next))|\d{{1,2}} (?:years?|months) (?:into|from retire|away from retire))"
)
_TRADE = (
    r"(?:[a-z]{2,}(?:er|or|ist|ian|ant|eer|man|woman|keeper|smith)|nurse|chef|cook|pilot|coach|parent|mum|mom|dad"
    r"|widow|student|student\S*|au pair|paramedic|mechanic|judge|vet|clerk|civil servant|apprentice|intern|bride"
    r"|expat|resident|citizen|couple|family of|pensioner|landlord|landlady|tradesperson|salesperson|midwife|scientist"
    r"|phd|freelance|locum|sole trader|director|carer)\b"
)
_ONCE = (
    r"(?:moved (?:to|out|back|in with)|got (?:married|divorced|engaged)|married|divorced|retired|(?:bought"
    rf"|sold) (?:a|my|our) (?:\S+ ){{0,2}}?{_OWNED}|started (?:a new job|working (?:as|for|at|in)|my own|freelancing"
    r"|a (?:business|company|job|pension|family|degree|side)|saving (?:for|up))|quit (?:my job|smoking|drinking)"
    r"|lost my job|changed (?:jobs|banks)|switched (?:jobs|banks|to (?:a|part|full|freelanc))"
    rf"|opened an? (?:\S+ ){{0,2}}?(?:account|shop|isa|pension|business|cafe|café)|took out a (?:\S+ )?(?:loan"
    r"|mortgage)|paid off (?:my|our|the)|inherited|graduated|went (?:freelance|part-time|self-employed)"
    rf"|closed my (?:account|business|shop|company)|set up (?:a|my) (?:\S+ ){{0,2}}?(?:business|company|pension|fund)"
    r"|registered (?:as|for (?:vat|gst|tax))|adopted a|had (?:a baby|twins)|moved house|(?:was|were|got"
    r"|been) (?:made redundant|laid off|promoted|fired)|was born|remortgaged|refinanced|became (?:a|an|self))\b"
)
_SUM = (
    r"(?:rent|salary|income|wages?|pay|take[- ]home(?: pay)?|mortgage|loan|debts?|budget|goals?|target|birthday|age"
    r"|pension|hours|hourly rate|rate|pay ?day|commute|emergency fund|savings(?: rate| goal| target)?|credit (?:score"
    r"|limit)|retirement age|bonus|allowance|deductible|premium|tuition|child ?care|family|household|turnover|profit"
    r"|deposit|down payment|aim|stipend|scholarship|tax (?:rate|bracket|class|code)|(?:fiscal|financial|tax"
    r"|accounting) year|interest rate)"
)
_COST = (
    r"(?:payments?|instal?ments?|fees?|bills?|insurance|subscriptions?|lease|contract|phone plan|gym|nursery|heating"
    r"|electricity)"
)
_OF = r"(?:(?:for|of|from|at|on|in|with|goal|target|limit) (?:\S+ ){1,4}?)?"
_IS = (
    r"(?:is(?: now)?|are(?: now)?|costs?(?: me| us)?|comes? to|ends?|starts?|runs?|went up to|goes up to|rose to"
    r"|dropped to)"
)
_NAMED = r"(?:employer|bank|(?:home |main |base )?currency|language|tax residence|favou?rite \S+)"

STATED = (
    (rf"{AM} (?:(?:not|both|now|also|currently|still|an?|no longer|recently|newly|happily|fully|actively"
    rf"|a registered) ){{0,2}}{_BE}"),
    rf"{AM} (?:now |also |currently |still |both |actually )?an? (?:[\w-]+ ){{0,3}}?{_TRADE}",
    r"(?:i'?m|i am) (?:(?-i:[A-Z])[a-z]+|from (?-i:[A-Z])[a-z]+)$",
    (rf"{WE} (?:always|never|usually|normally|typically|rarely|hardly ever) (?:pay|buy|shop|carry|keep|save|spend"
    r"|take|travel|eat|cook|work|borrow|invest|order|tip|round|check|budget|put|file|set|split|drink|gamble|drive) "),
    rf"{HAVE_DONE} never (?:had|owned|used|invested|borrowed|filed|missed)|{WE} decided (?:not )?to {_AIM}",
    r"(?:my|our) (?:car|house|flat|home|mortgage|loan) is paid off",
    rf"(?:i|we)'?ve (?:an?|no|two|three|four|\d\S*) (?:\S+ ){{0,4}}?{_HAD}{_END}",
    rf"{WE} {_OFTEN}(?:{'|'.join(_VERBS)})",
    (rf"{WE} (?:don'?t|do not|can'?t|cannot|never|won'?t|will not) (?:currently |really |actually "
    rf"|ever )?(?:{_NEVER})"),
    (rf"{HAVE_DONE} (?:also |still )?(?:{_SINCE}|got (?:\S+ ){{0,7}}?{_HAD}{_END}|(?:lived|worked|rented"
    rf"|owned)\b.{{0,60}}?\b(?:since|for)\b)"),
    (rf"{HAVE_DONE} (?:already |recently |finally |just )?(?:(?:saved|paid off|put aside|set aside"
    rf"|invested)\b.{{0,60}}?{NUMBER}|decided to {_AIM}|committed to|promised myself|{_ONCE})"),
    rf"{WE} (?:recently |finally |just )?{_ONCE}",
    (r"(?:i'?ll|we'?ll|i will|we will) (?:be \d\d|turn \d|retire|get married|graduate|finish (?:my|school|uni)"
    r"|start (?:a|my|work)|move to)"),
    rf"(?:my|our) (?:\S+ ){{0,3}}?{_SUM}(?:'s| {_OF}{_IS}) .{{0,40}}?(?:{NUMBER}|{MONTH})",
    rf"(?:my|our) (?:\S+ ){{0,3}}?(?:goal|aim|plan|target|priority) {_OF}(?:is|this year is) to (?:\S+ly )?{_AIM}",
    rf"(?:my|our) (?:\S+ ){{0,3}}?{_COST} {_OF}{_IS} .{{0,40}}?{NUMBER}.{{0,30}}?\b{PERIOD}",
    rf"(?:my|our) {_NAMED} is (?:at |with |in |called )?(?-i:[A-Z])",
    r"my name(?: is|'s) (?-i:[A-Z])|(?:please |you can |just )?call me (?-i:[A-Z])[a-z]+$",
    r"(?:my|our) job is (?:a|an|at|as|in|with|part|full)\b|there are (?:two|three|four|five|six|seven|\d) of us",
    r"(?:my|our) (?:pay ?day|salary day) is (?:on |the |every )?(?:\d|last|first|fri|mon|tues|wednes|thurs)",
    (r"(?:please )?(?:always|never) (?:use|show|answer|reply|give|tell|call|write|round|convert|include|suggest"
    r"|recommend|mention) \S+"),
    r"(?:from now on|in future),? (?:please )?\S+ \S+|(?:please )?keep (?:your |all )?(?:answers|replies) \S+",
    r"(?:please )?(?:don'?t|do not) (?:ever )?(?:suggest|recommend|remind) \S+",
)  # fmt: skip
"""A clause that begins like one of these states a fact."""

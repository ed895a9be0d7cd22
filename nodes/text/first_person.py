"""Patterns of what people say of themselves for longer than a day, for `stated_facts`; English, for RE2.

Each begins at the clause's first word. A verb alone is never enough: it comes with what makes its object last ("I have"
with a mortgage or children, "I pay" with a month, "I want to" with a plan of one's own).
"""

PERIOD = (
    r"(?:(?:an?|per|every|each|a single) (?:week|month|quarter|year|fortnight|hour|day|shift)|monthly|weekly|yearly"
    r"|annually|quarterly"
    r"|every (?:two|other|three|six) (?:weeks?|months?))"
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
    r"|both"
    r"|already|just|recently|finally|really) ){0,2}"
)
_END = r"(?:[\s,.!)/]|$)"
_HOME = r"(?:house|home|flat|apartment|place|property|cottage|studio|land|condo|bungalow)"
_OWNED = (
    rf"(?:{_HOME}s?|properties|car|cars|van|motorbike|campervan|boat|business(?:es)?|shop|company|practice|farm"
    rf"|restaurant"
    r"|shares|stocks|etfs?|funds?|bonds|crypto|bitcoin|gold)"
)
_HAD = (
    rf"(?:{_OWNED}|kids?|child(?:ren)?|sons?|daughters?|twins|baby|toddlers?|teenagers?|dogs?|cats?|pets?|horses?"
    rf"|wife"
    r"|husband|spouse|partner|mortgage|loans?|debts?|credit cards?|pensions?|savings?|accounts?|isa|401\(?k\)?|ira"
    r"|roth"
    r"|overdraft|jobs?|incomes?|salary|degree|employees?|staff|clients?|tenants?|lodgers?|landlord|insurance"
    r"|emergency fund|allergy|allergies|disability|visa|residence permit|siblings?|dependants?|dependents?"
    r"|side (?:hustle|gig|project)|hourly rate|contract|goals?|budget|scholarship|grant|lease|nest egg|adhd|dyslexia"
    r"|diabetes|rental|stepchildren|stepson|stepdaughter|grandchildren)"
)
_HAVE = (
    r"(?:(?:have|have got|own|hold|lease) (?:still |only |also )?(?:an?|no|my|our|two|three|four|five|six|several"
    r"|some|many|few|one|both"
    r"|zero|about|around|over|roughly|\d\S*|life|health|private|student|joint|savings|shares|stocks|kids|children"
    r"|debts|insurance)"
    rf"(?: (?:\S+ ){{0,5}}?{_HAD}{_END}|$|,| and\b)"
    rf"|have (?:about |around |roughly |over |nearly )?[$€£]?\d\S* (?:\S+ ){{0,3}}?(?:saved|invested|set aside"
    rf"|put aside|put by"
    rf"|in (?:a|an|my|our|cash|savings|the bank)|on my|of debt)|(?:own|run|rent out|let out|sublet) (?:a|an|my|our"
    rf"|two|three|half) )"
)
_LESS = r"(?:spending|costs?|bills?|expenses|debts?|hours|food|fees|grocer\S+|takeaways?|tax\S*|mortgage|rent|budget)"
_DEBT = r"(?:debts?|overdraft|loans?|credit|balance|card|mortgage)"
_AIM = (
    r"(?:save (?:up )?(?:for|[$€£¥]?\d\S*|at least|about|around|enough|more|money|an?|half|some|roughly|up)"
    rf"|buy (?:\S+ ){{1,4}}?(?:{_HOME}|car|van|bike|boat|camper|business|laptop|piano|ring){_END}|retire|be (?:debt"
    rf"|mortgage)"
    rf"|pay (?:off|down|back)|clear (?:\S+ ){{1,3}}?{_DEBT}|move (?:to (?-i:[A-Z]|an? )|out|abroad|in with|closer)"
    rf"|get out of debt"
    r"|build (?:an?|up|my) (?:\S+ )?(?:emergency|buffer|cushion|house|home|fund|savings|credit|business|portfolio"
    r"|reserve)"
    r"|own (?:a|my|our)|start (?:(?:a|my|our) (?:\S+ )?(?:business|company|family|pension|fund|shop|bakery|cafe"
    r"|café|career)|investing"
    r"|saving|freelancing|budgeting)|become|reach [$€£]?\d\S*|quit (?:my|smoking)|set aside"
    r"|put (?:\S+ ){0,3}?(?:aside|away|by|into)"
    rf"|(?:reduce|cut|lower|cut down on|cut back on|halve) (?:\S+ ){{0,3}}?{_LESS}|travel (?:to|around|the|for)"
    rf"|invest"
    r"|stop (?:spending|overspending|smoking|buying|eating|living|wasting|using|working)|spend (?:less|no more"
    r"|at most|under|up to)"
    rf"|keep (?:at least|my spending|an emergency|[$€£]?\d\S*)|have (?:at least )?[$€£¥]?\d\S*|(?:donate"
    rf"|give) .{{0,30}}?(?:{NUMBER}|charity)"
    r"|leave (?:my|the country|work|full)|work (?:part|less|abroad|fewer|until|four|remotely)|earn|remortgage"
    r"|refinance|max out"
    r"|take (?:a sabbatical|a year|parental|early retirement|unpaid)|go (?:part|freelance|self|back to)"
    r"|finish paying|afford|renovate"
    r"|live (?:in|on|off|abroad)|raise (?:my (?:rates?|prices|salary|income|credit)|kids|a family|[$€£]?\d\S*)"
    r"|downsize|hire (?:an?|my)"
    rf"|replace (?:my|our|the) (?:car|roof|boiler|kitchen|laptop|phone|windows)|open (?:a|my) (?:\S+ )?(?:shop|cafe"
    rf"|café|restaurant|bakery)"
    rf"|sell (?:my|our|the) (?:\S+ )?{_OWNED}|have (?:another|our|kids|children|a (?:baby|child|buffer|cushion))"
    rf"|rent out|adopt a)\b"
)
_SINCE = (
    r"been (?:self|freelanc\S*|employed|working (?:as|for|at|in (?:a|an|the|it|[a-z]+)|part|full|freelance|from)"
    r"|living|renting|saving|married|single"
    r"|divorced|widowed|paying (?:off|rent|into|for|\d)|with|retired|unemployed|investing|out of|off work|vegan"
    r"|vegetarian|together)\b"
    rf".{{0,60}}?(?:\bsince (?:\d|last|my|our|the|i|we|{MONTH})|\bfor .{{0,20}}?(?:years?|months|decades?)|\d+ years)"
)
_VERBS = (
    rf"{_HAVE}",
    # Money that comes and goes
    rf"(?:earn|bring home|take home|gross|receive)\b.{{0,40}}?{NUMBER}",
    (
        rf"(?:make|net|get|claim|draw|clear) (?:about |around |roughly |up to |only )?[$€£¥]?\d\S* (?:(?:euros?"
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
        r"pay (?:my \S+ |our )?(?:rent|alimony|child support|maintenance|tuition|everything|for everything|most|cash|by"
        r"|in cash"
        r"|with|my bills|the rent|taxes (?:in|to|as)|tax (?:in|to|as)|into (?:a|my))"
    ),
    (
        rf"(?:shop|buy|eat out|order|take|track|check|review|pay off|top up|rebalance) (?:\S+ ){{0,6}}?(?:{PERIOD}"
        rf"|on (?:mon|tues"
        r"|wednes|thurs|fri|satur|sun)days?|once|twice|in cash|with cash|online|second[- ]hand|in bulk|at the end of)"
    ),
    (
        r"split (?:the |our |all )?(?:bills|rent|costs|everything|expenses)|keep (?:my|our|separate|joint|\d\S*|about"
        r"|some|all) "
    ),
    (
        rf"have to pay\b.{{0,60}}?{PERIOD}|(?:rely|depend) on (?:my|our|tips|benefits|the|a|public)"
        rf"|employ (?:\S+ )?(?:people|staff|person)"
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
        r"|professionally"
        r"|on etsy|on ebay|for clients)"
    ),
    (
        r"sell (?:\S+ ){1,5}?(?:on|online|at)|drive (?:a|an|for|to|\d)|commute|cycle to|travel (?:a lot|for work|every"
        r"|often)"
    ),
    r"bank with|file (?:my|our|jointly|quarterly|taxes|as|in)|support (?:my|our|two|three)|look after|care for",
    rf"share (?:a|the|my|our) (?:\S+ )?(?:{_HOME}|car|rent|account|bills|costs|mortgage)",
    (
        rf"{_SINCE}|turn(?:ed)? \d\d(?:$| (?:in|this|next|last|on))|come from (?-i:[A-Z])|start (?:a new|my new|as|at"
        rf"|work)"
    ),
    # Plans and preferences
    (
        rf"(?:want|hope|need|plan|intend|aim|expect) to (?:\S+ly )?{_AIM}|plan on (?:retiring|buying|moving|selling"
        rf"|having|quitting)"
    ),
    (
        r"want (?:a|an|my|our|short|simple|weekly|monthly) (?:\S+ ){0,4}?(?:answers?|house|retirement|budget|fund|car"
        r"|holiday|pension"
        r"|wedding|summar(?:y|ies)|replies)\b|want (?:all |my |your )?(?:answers|amounts|figures|replies|summaries"
        r"|numbers) in "
    ),
    (
        r"(?:prefer|dislike) |avoid (?:debt|risk|credit|\S+ing)|(?:hate|fear) (?:debt|risk|owing|loans|credit|budgeting"
        r"|being in debt|borrowing)"
    ),
    (
        r"(?:like|love) (?:short|simple|plain|detailed|brief|charts|tables|lists|bullet)|refuse to (?:borrow|pay|invest"
        r"|use|take)"
    ),
    r"(?:shop|buy (?:my|our) \S+) (?:at|in|online|only)",
    (
        r"use (?:\S+ ){0,4}?(?:cash|cards?|spreadsheets?|ynab|excel|envelopes?|credit union|bank|notebook|sheets|xero"
        r"|quickbooks"
        r"|paypal|public transport|the bus|budgeting app)\b"
    ),
)
_NEVER = (
    rf"{_HAVE}|drive\b|drink\b|smoke|eat (?:meat|out|pork|fish)|use (?:a|credit|cash|cards?|my credit|online)"
    rf"|own (?:a|an|any)"
    r"|work (?:on|in|for|mondays|fridays|full|anymore|any more)|(?:want|plan|intend) to (?:touch|use my|invest"
    r"|borrow|take on"
    r"|go into|sell my|move|retire|buy|own|risk|have)|like (?:debt|risk|credit|paying|to take|to borrow|taking)"
    r"|want (?:kids|children|debt)"
    r"|invest\b|trust (?:banks|crypto|stocks)|pay (?:rent|tax|taxes)|believe in (?:debt|credit)|earn|have any"
    r"|take on|borrow|lend"
)
_BE = (
    r"(?:self[- ]employed|employed (?:by|at|as|full|part)|unemployed|freelanc(?:e|ing)\b|retired\b|married|single$"
    r"|single (?:and|with)"
    r"|divorced|separated from|widowed|engaged to|pregnant|vegetarian|vegan|disabled|blind|deaf|dyslexic"
    r"|colou?r[- ]?blind"
    r"|expecting (?:a|our|my|twins)|(?:vat|gst)[- ]registered|registered (?:for|as|in)|insured (?:with|by)|based in"
    r"|from (?-i:[A-Z])|living (?:in|with|on|alone|off|at|abroad)|working (?:as|for|at|in (?:a|an|the|it|[a-z]+)"
    r"|part|full|remotely|nights|freelance|two|three)"
    rf"|renting|paying off|paying (?:\S+ ){{0,4}}?[$€£]?\d\S* (?:\S+ ){{0,4}}?{PERIOD}|earning"
    r"|saving (?:up )?(?:for|to|towards?|[$€£]?\d|about|around|half|every|a|an|roughly)|studying (?:at|for|to|in"
    r"|part|full|\S+ (?:at|in))"
    r"|allergic|paid (?:on|every|weekly|monthly|hourly|by|fortnightly|in)|on (?:an? )?(?:\S+ )?(?:contract|visa"
    r"|pension|benefits"
    r"|parental leave|maternity leave|paternity leave|sick leave|salary|income|budget|universal credit|minimum wage"
    r"|probation)"
    r"|retiring|moving (?:to|in with|out|abroad)|getting (?:married|divorced)|planning (?:a (?:wedding|move)"
    r"|for (?:retirement|a))"
    rf"|(?:planning|aiming|hoping|trying|looking|saving) to {_AIM}|having (?:a|our|my) (?:baby|second|third|first"
    rf"|child)"
    r"|raising|supporting (?:my|our|two|three|a)|in debt|in my (?:early |late |mid[- ]?)?(?:teens|\d|twenties"
    r"|thirties|forties|fifties|sixties)"
    r"|behind (?:on|with) (?:my|our|the)|on [$€£]?\d\S*|cutting (?:back|down)|taxed|starting (?:a|my|at|as)"
    rf"|(?:putting|paying|setting|spending|investing|giving|sending|making|contributing) .{{0,60}}?{PERIOD}"
    r"|due to (?:retire|give birth|finish)|born (?:in|on)|(?:the )?(?:sole|main|only) (?:earner|owner|breadwinner"
    r"|parent|caregiver)"
    r"|the owner of|tax resident|resident in|debt[- ]free|(?:bad|terrible|hopeless|good) (?:with|at) (?:money"
    r"|saving|budgeting)"
    r"|risk[- ]averse|out of work|between jobs|my own boss|training (?:to|as)|doing (?:a|an|my) (?:\S+ )?(?:phd"
    r"|degree"
    r"|apprenticeship|master\S*|mba|internship|traineeship)|\d{2}(?:$| (?:years old|and|now|this year|next))"
    r"|\d{1,2} (?:years?|months) (?:into|from retire|away from retire))"
)
_TRADE = (
    r"(?:[a-z]{2,}(?:er|or|ist|ian|ant|eer|man|woman|keeper|smith)|nurse|chef|cook|pilot|coach|parent|mum|mom|dad"
    r"|widow|student|student\S*"
    r"|au pair|paramedic|mechanic|judge|vet|clerk|civil servant|apprentice|intern|bride|expat|resident|citizen"
    r"|couple|family of"
    r"|pensioner|landlord|landlady|tradesperson|salesperson|midwife|scientist|phd|freelance|locum|sole trader"
    r"|director|carer)\b"
)
_NO_TRADE = (
    r"(?:\S+ ){0,3}?(?:fan|loser|disaster|beginner|member|user|customer|believer|newcomer|number|matter|never|over"
    r"|under|after|later|other"
    r"|better|bitter|sucker|stranger|hour|bit|little|former|failure|monster|character|error|mirror|spender|planner"
    r"|worrier|saver|giant"
    r"|importer of|wreck|visitor|tester|human|man of|woman of)\b"
)
_ONCE = (
    rf"(?:moved (?:to|out|back|in with)|got (?:married|divorced|engaged)|married|divorced|retired|(?:bought"
    rf"|sold) (?:a|my|our)"
    rf" (?:\S+ ){{0,2}}?{_OWNED}|started (?:a new job|working (?:as|for|at|in)|my own|freelancing|a (?:business"
    rf"|company|job"
    r"|pension|family|degree|side)|saving (?:for|up))|quit (?:my job|smoking|drinking)|lost my job|changed (?:jobs"
    r"|banks)"
    r"|switched (?:jobs|banks|to (?:a|part|full|freelanc))|opened an? (?:\S+ ){0,2}?(?:account|shop|isa|pension"
    r"|business|cafe|café)"
    r"|took out a (?:\S+ )?(?:loan|mortgage)|paid off (?:my|our|the)|inherited|graduated|went (?:freelance"
    r"|part-time|self-employed)"
    r"|closed my (?:account|business|shop|company)|set up (?:a|my) (?:\S+ ){0,2}?(?:business|company|pension|fund)"
    r"|registered (?:as|for (?:vat|gst|tax))|adopted a|had (?:a baby|twins)|moved house|(?:was|were|got"
    r"|been) (?:made redundant|laid off|promoted|fired)|was born|remortgaged|refinanced|became (?:a|an|self))\b"
)
_SUM = (
    r"(?:rent|salary|income|wages?|pay|take[- ]home(?: pay)?|mortgage|loan|debts?|budget|goals?|target|birthday|age"
    r"|pension|hours"
    r"|hourly rate|rate|pay ?day|commute|emergency fund|savings(?: rate| goal| target)?|credit (?:score|limit)"
    r"|retirement age"
    r"|bonus|allowance|deductible|premium|tuition|child ?care|family|household|turnover|profit|deposit|down payment"
    r"|aim|stipend|scholarship|tax (?:rate|bracket|class|code)|(?:fiscal|financial|tax|accounting) year"
    r"|interest rate)"
)
_COST = (
    r"(?:payments?|instal?ments?|fees?|bills?|insurance|subscriptions?|lease|contract|phone plan|gym|nursery"
    r"|heating|electricity)"
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
    rf"|take|travel|eat|cook|work"
    r"|borrow|invest|order|tip|round|check|budget|put|file|set|split|drink|gamble|drive) "),
    rf"{HAVE_DONE} never (?:had|owned|used|invested|borrowed|filed|missed)|{WE} decided (?:not )?to {_AIM}",
    r"(?:my|our) (?:car|house|flat|home|mortgage|loan) is paid off",
    rf"(?:i|we)'?ve (?:an?|no|two|three|four|\d\S*) (?:\S+ ){{0,4}}?{_HAD}{_END}",
    rf"{WE} {_OFTEN}(?:{'|'.join(_VERBS)})",
    (rf"{WE} (?:don'?t|do not|can'?t|cannot|never|won'?t|will not) (?:currently |really |actually "
    rf"|ever )?(?:{_NEVER})"),
    (rf"{HAVE_DONE} (?:also |still )?(?:{_SINCE}|got (?:\S+ ){{0,7}}?{_HAD}{_END}|(?:lived|worked|rented"
    rf"|owned)\b.{{0,60}}?\b(?:since|for)\b)"),
    (rf"{HAVE_DONE} (?:already |recently |finally |just )?(?:(?:saved|paid off|put aside|set aside"
    rf"|invested)\b.{{0,60}}?{NUMBER}"
    rf"|decided to {_AIM}|committed to|promised myself|{_ONCE})"),
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

NOT_STATED = (
    # Hedges, and what is not so
    (r"\b(?:maybe|perhaps|might|may (?:be|have|need|want|get|not)|probably|possibly|i think|i guess|i suppose"
    r"|i believe i|not sure"
    r"|unsure|wish|would|i'?d|we'?d|could|should|if|unless|whether|thinking (?:about|of)|consider(?:ing)?|sort of"
    r"|kind of"
    r"|wonder(?:ing)?|hopefully|tempted|supposedly|apparently|seems?|pretend|joking|kidding|hypothetical(?:ly)?"
    r"|as though"
    r"|dream(?:ed|t)? (?:that|of|about)|no idea|feel like|used to|about to|someday|one day|lol|haha|eventually"
    r"|sometimes)\b"),
    # Momentary states
    (r"\b(?:today|tonight|tomorrow|yesterday|right now|at the moment|this (?:morning|afternoon|evening|week|weekend"
    r"|second|minute)"
    r"|just now|for now|again|in a hurry|last night|at this point|this one|that one|an hour ago|minutes"
    r"|on the phone|waiting"
    r"|in the queue|on hold|here|on my desk|in front of me|left over|at least once)\b"),
    rf"^{AM} (?:now |also |currently |still |both |actually )?(?:a|an) {_NO_TRADE}",
    rf"^{AM} (?:ok|okay|good|fine|sorry|sure|back|done|ready|lost|stuck|[a-z]+ing)$",
    # What is wrong with a sum or an account
    (r"^(?:my|our) .*\b(?:late|overdue|wrong|missing|pending|declined|blocked|gone|higher than|off by|too|not|down"
    r"|stuck|broken|due)\b"),
    # What is said of this conversation and its objects
    (r"^\S+ (?:\S+ )?(?:like|love|hate|prefer|enjoy|dislike|avoid) (?:this|that|it|you|your|how|the (?:first|second"
    r"|other|latter|former|app|way|idea|answer"
    r"|chart|new|page|look)|when you|not to say|neither|to (?:know|ask|see|understand|talk|hear|check|think|wait))\b"),
    r"\b(?:the|this|your) (?:app|site|page|button|chat|answer|assistant|file|screen|link)\b",
)  # fmt: skip
"""A clause with one of these does not."""

PASSING = (
    r"\b(?:charges?|transactions?|receipts?|invoices?|statements?|questions?|problems?|issues?|appointments?"
    r"|meetings?"
    r"|letters?|e-?mails?|reminders?|files?|pdfs?|csvs?|spreadsheets?|screenshots?|photos?|pictures?|errors?|doubts?"
    r"|feelings?|ideas?|headache|stuff|things?|trouble|quer(?:y|ies)|concerns?|deadline|forms?|interview|claims?"
    r"|officer|adviser"
    r"|inspection|viewing|tests?|exams?|access|money|news|clue|way|reason|proof|copy|friends?|colleagues?"
    r"|neighbou?rs?|cousins?|uncle|aunt|boss|co-?workers?|mates?"
    r"|who|whose|party|guests?|visitors?|repairs?|call|documents?|paperwork|parcel|refunds?|login|password"
    r"|to (?:wash|clean|fix|walk|feed|catch|show|ask))\b"
)
"""What people have for a day."""

REPORTED = (
    r"\b(?:said|says|say|tells?|told|asks|asked|wrote|writes|claims? (?:that|i|he|she|they)|claimed|thinks|thought"
    r"|according to|heard"
    r"|reads?|read that|argues?|insists?|insisted|suggests|suggested|shows? (?:that )?i|quote)\b"
)
"""Speech or thoughts of somebody, in the same sentence."""

NOT_THEIRS = (
    # Texts for others, and games: from here on nothing is the user's own statement
    (r"\b(?:imagine|suppose|supposing|let'?s (?:say|pretend|assume)|assume|assuming|pretend|hypothetically|say i"
    r"|role ?play"
    r"|for example|for instance|e\.g\.|examples?:|what if|act as|you are now|in the (?:game|story|film|book)"
    r"|in my dream|sims)\b"),
    (r"\b(?:translate|rewrite|rephrase|proofread|summari[sz]e|paraphrase|draft|compose|correct (?:this|my)|reword"
    r"|write"
    r" (?:me |an? |the |up |down )?(?:\S+ )?(?:email|letter|message|poem|story|text|note|post|speech|review|reply"
    r"|bio|paragraph"
    r"|song|template|complaint|sentence|script)|lyrics|novel|article|quote:|the following|forwarded"
    r"|customer (?:writes|wrote)"
    r"|from:|subject:|dear )\b"),
)  # fmt: skip

TAKEN_BACK = (
    r"\b(?:asking for (?:a friend|my|someone)|on behalf of|(?:this is|just) (?:a test|testing)|just (?:kidding"
    r"|joking)|scratch that"
    r"|no,? wait|never ?mind|not any ?more|that'?s not true|i lied|ignore that|forget (?:that|what i said))\b"
)
"""Of the whole message."""

"""Patterns of what is no statement of a user's own, or none that lasts, for `stated_facts`; English, for RE2."""

from nodes.text.first_person import AM

_NO_TRADE = (
    r"(?:\S+ ){0,3}?(?:fan|loser|disaster|beginner|member|user|customer|believer|newcomer|number|matter|never|over"
    r"|under|after|later|other|better|bitter|sucker|stranger|hour|bit|little|former|failure|monster|character|error"
    r"|mirror|spender|planner|worrier|saver|giant|importer of|wreck|visitor|tester|human|man of|woman of)\b"
)
NOT_STATED = (
    # Hedges, and what is not so
    (r"\b(?:maybe|perhaps|might|may (?:be|have|need|want|get|not)|probably|possibly|i think|i guess|i suppose"
    r"|i believe i|not sure|unsure|wish|would|i'?d|we'?d|could|should|if|unless|whether|thinking (?:about|of)"
    r"|consider(?:ing)?|sort of|kind of|wonder(?:ing)?|hopefully|tempted|supposedly|apparently|seems?|pretend|joking"
    r"|kidding|hypothetical(?:ly)?|as though|dream(?:ed|t)? (?:that|of|about)|no idea|feel like|used to|about to"
    r"|someday|one day|lol|haha|eventually|sometimes)\b"),
    # Momentary states
    (r"\b(?:today|tonight|tomorrow|yesterday|right now|at the moment|this (?:morning|afternoon|evening|week|weekend"
    r"|second|minute)|just now|for now|again|in a hurry|last night|at this point|this one|that one|an hour ago"
    r"|minutes|on the phone|waiting|in the queue|on hold|here|on my desk|in front of me|left over|at least once)\b"),
    rf"^{AM} (?:now |also |currently |still |both |actually )?(?:a|an) {_NO_TRADE}",
    rf"^{AM} (?:ok|okay|good|fine|sorry|sure|back|done|ready|lost|stuck|[a-z]+ing)$",
    # What is wrong with a sum or an account
    (r"^(?:my|our) .*\b(?:late|overdue|wrong|missing|pending|declined|blocked|gone|higher than|off by|too|not|down"
    r"|stuck|broken|due)\b"),
    # What is said of this conversation and its objects
    (r"^\S+ (?:\S+ )?(?:like|love|hate|prefer|enjoy|dislike|avoid) (?:this|that|it|you|your|how|the (?:first|second"
    r"|other|latter|former|app|way|idea|answer|chart|new|page|look)|when you|not to say|neither|to (?:know|ask|see"
    r"|understand|talk|hear|check|think|wait))\b"),
    r"\b(?:the|this|your) (?:app|site|page|button|chat|answer|assistant|file|screen|link)\b",
)  # fmt: skip
"""A clause with one of these does not."""

PASSING = (
    r"\b(?:charges?|transactions?|receipts?|invoices?|statements?|questions?|problems?|issues?|appointments?"
    r"|meetings?|letters?|e-?mails?|reminders?|files?|pdfs?|csvs?|spreadsheets?|screenshots?|photos?|pictures?"
    r"|errors?|doubts?|feelings?|ideas?|headache|stuff|things?|trouble|quer(?:y|ies)|concerns?|deadline|forms?"
    r"|interview|claims?|officer|adviser|inspection|viewing|tests?|exams?|access|money|news|clue|way|reason|proof"
    r"|copy|friends?|colleagues?|neighbou?rs?|cousins?|uncle|aunt|boss|co-?workers?|mates?|who|whose|party|guests?"
    r"|visitors?|repairs?|call|documents?|paperwork|parcel|refunds?|login|password|to (?:wash|clean|fix|walk|feed"
    r"|catch|show|ask))\b"
)
"""What people have for a day."""

REPORTED = (
    r"\b(?:said|says|say|tells?|told|asks|asked|wrote|writes|claims? (?:that|i|he|she|they)|claimed|thinks|thought"
    r"|according to|heard|reads?|read that|argues?|insists?|insisted|suggests|suggested|shows? (?:that )?i|quote)\b"
)
"""Speech or thoughts of somebody, in the same sentence."""

NOT_THEIRS = (
    # Texts for others, and games: from here on nothing is the user's own statement
    (r"\b(?:imagine|suppose|supposing|let'?s (?:say|pretend|assume)|assume|assuming|pretend|hypothetically|say i"
    r"|role ?play|for example|for instance|e\.g\.|examples?:|what if|act as|you are now|in the (?:game|story|film"
    r"|book)|in my dream|sims)\b"),
    (r"\b(?:translate|rewrite|rephrase|proofread|summari[sz]e|paraphrase|draft|compose|correct (?:this|my)|reword"
    r"|write (?:me |an? |the |up |down )?(?:\S+ )?(?:email|letter|message|poem|story|text|note|post|speech|review"
    r"|reply|bio|paragraph|song|template|complaint|sentence|script)|lyrics|novel|article|quote:|the following"
    r"|forwarded|customer (?:writes|wrote)|from:|subject:|dear )\b"),
)  # fmt: skip

TAKEN_BACK = (
    r"\b(?:asking for (?:a friend|my|someone)|on behalf of|(?:this is|just) (?:a test|testing)|just (?:kidding"
    r"|joking)|scratch that|no,? wait|never ?mind|not any ?more|that'?s not true|i lied|ignore that|forget (?:that"
    r"|what i said))\b"
)
"""Of the whole message."""

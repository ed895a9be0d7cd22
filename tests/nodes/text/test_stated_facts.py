"""Facts that a user states, found by rules."""

import pytest

from nodes.text.stated_facts import MAX_CHARS, stated_facts

STATED = [
    "I'm self-employed and live in Porto.",
    "we rent a flat in Lyon for 950 a month",
    "I want to save 10,000 by next summer.",
    "Hi! I'm a nurse, how much should I put aside each month?",
    "My salary is 52k a year.",
    "I work part time as a teacher.",
    "I'm 34 and single.",
    "I get paid on the 25th.",
    "I've been freelancing since 2019.",
    "My goal is to be debt free by 2028.",
    "Our mortgage payment is 1,450 a month.",
    "Just so you know, I'm vegetarian.",
    "My name is Ada.",
    "We have three children and one income.",
    "My birthday is in May.",
    "I'd like to know about VAT; I'm VAT registered in Ireland.",
    "I'm trying to pay off my overdraft this year.",
    "I got married in March.",
    "I use a spreadsheet for my budget.",
    "I run a side business selling candles.",
    "I live with my parents",
    "My income is irregular, about 2,000 to 4,000 a month.",
    "I send 150 a month to my mother.",
    "im a student and my rent is 480",
    "I don't drink.",
    "I no longer have a car.",
    "We plan to buy a flat in 2027.",
    "Please always show amounts in francs.",
    "My currency is CHF.",
    "My emergency fund is 3,000.",
    "I'd like to retire at 60.",
    "I have 12,000 saved in an ISA.",
    "I want to start a bakery.",
    "My rent went up to 1,150.",
    "There are five of us at home.",
    "I don't have kids.",
    "We split bills down the middle.",
    "I rely on tips.",
    "I'm hoping to buy a flat next year.",
    "I've worked at the post office for ten years.",
    "Quick note: I changed jobs in May.",
    "I'm a single mother, and I work nights.",
    "I'm on a student visa.",
    "I have no pension.",
    "I clean houses for a living.",
    "Every month I put 200 aside.",
    "I'm on 42k a year.",
    "I've two kids.",
    "I always round up to the next ten.",
    "I won't take on debt.",
    "My car is paid off.",
    "My partner and I keep separate accounts.",
    "I'm a retired teacher",
    "I start a new job in January.",
    "I'm behind on my mortgage.",
]
NOT_STATED = [
    "How much did I spend on groceries last month?",
    "If I have two kids, can I deduct childcare?",
    "My brother has two kids and rents a flat.",
    'She said "I have a mortgage and two kids".',
    "I think I have a pension somewhere.",
    "I'm a bit lost here.",
    "I have three receipts to upload.",
    "I want to know how much I spent.",
    "I'm looking for last month's invoice.",
    "I wish I had a pension.",
    "Write a letter to my landlord: I live in Ghent and my rent is 800.",
    "I like this app.",
    "I'm on the bus right now.",
    "I paid 40 for dinner yesterday.",
    "I have a headache today.",
    "My salary is late again.",
    "What if I was self-employed?",
    "Can you tell me whether I have a loan?",
    "I have to go now.",
    "I'm not sure I have a savings account.",
    "Imagine I'm a baker. I earn 3,000 a month.",
    "My neighbours have a mortgage of 300,000.",
    "Thanks, I understand now.",
    "I uploaded a file with my account.",
    "I used to have a dog.",
    "Is my rent too high?",
    "J'ai deux enfants.",
    "I'm here.",
    "I am asking for my mother.",
    "I'm afraid I have debts.",
    "My balance is 200 today",
    "I need a receipt from the plumber.",
    "I work on my taxes tonight.",
    "I save money.",
    "I use this app on my phone",
    "I have an account question.",
    "He wrote: I have two loans",
    "I live for Fridays.",
    "I would rent a flat if I could.",
    "Explain like I'm five.",
    "I'm 5 minutes late",
    "I get 404 when I log in",
    "I have been waiting for an answer since Monday",
    "I've had enough",
    "I got a letter about my mortgage",
    "I want my money back",
    "I put 3 files into the folder",
    "I net nothing",
    "I play the lottery sometimes",
    "My plan is to ask you first",
    "My bank is closed",
    "My question is about 3 accounts",
    "We have a deal",
    "we have snow in Berlin",
    "I'm on holiday.",
    "I'm in Lisbon this week.",
    "I'm trying to save the file.",
    "I'm paying for dinner.",
    "I have a job interview.",
    "I want to buy lunch.",
    "I want to leave feedback.",
    "I have a loan officer on the phone.",
    "I love pizza.",
    "In my dream I have a yacht and a house.",
    "I have a dog. No wait, I lied.",
    "My pay is 3 days late.",
    "I've been on hold for 20 minutes.",
    "I plan to call you back.",
    "I use my phone to read this.",
    "I cancelled my order.",
    "I registered for the webinar.",
    "My mother gets a pension of 900 a month.",
    "I don't have the receipt.",
    "I can't log in to my account.",
    "My sister and I used to have a dog.",
    "I was thinking of getting a dog.",
    "I lived in Rome as a child.",
    "I make 3 typos per message.",
    "When I have kids I will save more.",
    "The chart shows I spend 400 a month on food.",
    "I see I have two accounts.",
    "I have two accounts, right?",
    "Had I a house, I'd sell it.",
    "I am good.",
    "I'm new here.",
    "I love how you answer.",
    "I want a receipt.",
    "I have your report.",
    "I will do that tomorrow.",
    "I'm happy with my bank.",
    "I spent 300 a month in 2019.",
    "I forgot my password.",
    "I may be self-employed soon.",
    "Could you say I'm self-employed?",
    "You have two kids and a dog.",
    "A person earning 3,000 a month has what tax?",
    "I'm hungry and want to buy a pizza",
    "I have checked my account.",
    "I have found a flat on the internet, finally",
    "I want to cut my hair.",
    "I want to clear my search history.",
    "I want to study this chart.",
    "I have read about debts.",
    "I depend on you.",
    "I'm an open book.",
    "I'm a big spender.",
    "I keep forgetting my password.",
    "I have a colleague with two kids.",
    "I rent movies.",
]


@pytest.mark.parametrize("message", STATED)
def test_what_users_state_of_themselves_is_found(message: str) -> None:
    """Who they are, what they have, earn, owe and pay, what they plan and prefer."""
    assert stated_facts(message) != []


@pytest.mark.parametrize("message", NOT_STATED)
def test_nothing_else_is_taken_for_a_fact(message: str) -> None:
    """No question, quotation, hypothesis, hedge, request, passing state or other person, and no other language."""
    assert stated_facts(message) == []


def test_a_fact_is_the_users_own_clause() -> None:
    """Without what leads to it and what is asked of it; with a capital and a full stop."""
    message = "Hi Ledger, just so you know, i'm self-employed and live in Porto, how much tax do I pay?"
    assert stated_facts(message) == ["I'm self-employed and live in Porto."]


def test_each_statement_of_a_message_is_a_fact_of_its_own() -> None:
    """Once, however often it is said."""
    message = "I earn 3,400 after tax and my partner and I share a car. My rent is 900. My rent is 900."
    assert stated_facts(message) == ["I earn 3,400 after tax.", "My partner and I share a car.", "My rent is 900."]


def test_what_is_quoted_over_several_sentences_is_nobodys_statement() -> None:
    """Until the quotation ends."""
    assert stated_facts('He wrote "Dear all. I have two kids. Bye." I have a dog.') == []
    assert stated_facts("They sent \u201cHello. I own a flat.\u201d\nI rent a flat.") == ["I rent a flat."]


def test_what_is_taken_back_is_not_kept() -> None:
    """Nor is anything else in that message."""
    assert stated_facts("I have a dog. My rent is 900. Scratch that, I lied.") == []


def test_a_very_long_clause_is_no_fact() -> None:
    """It would fill the memory."""
    assert stated_facts(f"I have a dog {'x' * MAX_CHARS}") == []

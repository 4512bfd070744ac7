"""The classification part of the embedded sample: messages to a company, each sentence of which may raise a topic.

A row holds one to three sentences of one language and the topics of all of them; small talk raises none. Topics share
their words (an invoice is paid, disputed and never delivered), so that a single word does not give one away.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

from gliexp.data.sample_slots import Filler

TOPICS: dict[str, tuple[str, ...]] = {
    "billing": (
        "Invoice {document} says {money}, but we agreed on less.",
        "Why was I charged {money} on {date}?",
        "The invoice of {date} lists {number} units that we never ordered.",
        "Your price for the {product} changed to {money} after I had paid.",
        "A fatura {cpf} cobra {money_pt} a mais.",
    ),
    "delivery": (
        "The {product} was to arrive in {location} on {date} and is still not here.",
        "When will order {document} be shipped to {city}?",
        "My parcel has been in {location} for {number} days.",
        "The driver left the {product} with a neighbour in {city}.",
        "A entrega do {product} em {location} está atrasada desde {date_pt}.",
    ),
    "refund": (
        "I want my {money} back.",
        "Please return the {money} that I paid for the {product}.",
        "Cancel order {document} and refund me {time}.",
        "I sent the {product} back on {date}; where is my money?",
        "Quero o reembolso dos {money_pt} que paguei.",
    ),
    "account access": (
        "I cannot sign in since {date}.",
        "Please reset the password of {person}.",
        "The login page rejects my code {document}.",
        "{person} is locked out of our account {time}.",
        "Não consigo entrar na minha conta desde {date_pt}.",
    ),
    "defect": (
        "The {product} stopped working after {number} days.",
        "My {adjective} {kind} overheats and shuts down.",
        "The screen of the {product} arrived cracked.",
        "The {kind} makes a loud noise {time}.",
        "O {kind_pt} {product} quebrou em {number} dias.",
    ),
    "praise": (
        "{person} at {organization} was very helpful, thank you!",
        "We love the {product}.",
        "Excellent service {time}, I will recommend {organization}.",
        "The {adjective} {kind} is the best that I ever bought.",
        "Parabéns a {person} pelo ótimo atendimento.",
    ),
    "job application": (
        "I would like to work for {organization} as {role}.",
        "Is the position of {role} in {location} still open?",
        "Please find my resume; I was {role} at {organization} until {date}.",
        "{person} applied for a job with your team in {city}.",
        "Gostaria de trabalhar na {organization_pt} como {role_pt}.",
    ),
    "legal": (
        "My lawyer says that you breach the {law}.",
        "Under {law} we will see you in court in {city}.",
        "We shall sue {organization} over case {document}.",
        "Delete my data as the {law} demands.",
        "Com base na {law_pt}, vou processar a {organization_pt}.",
    ),
}
NOTHING = (
    "Good morning from {location}.",
    "I wrote to {person} about {item} on {date}.",
    "We have been customers of {organization} since {date}.",
    "My order number is {document}.",
    "Escrevo de {location}.",
)
LABELS = tuple(TOPICS)
_SLOT = re.compile(r"\{(\w+)\}")


def row(draw: Random, filler: Filler) -> dict[str, Any]:
    """A message of one to three sentences: its text, the labels it offers, and those of its topics."""
    topics = draw.sample(LABELS, draw.choices((0, 1, 2), weights=(10, 60, 30))[0])
    sentences = [draw.choice(TOPICS[topic]) for topic in topics]
    if not sentences or draw.random() < 0.3:
        sentences.insert(draw.randrange(len(sentences) + 1), draw.choice(NOTHING))
    text = " ".join(_SLOT.sub(lambda slot: filler.fill(slot.group(1))[0], sentence) for sentence in sentences)
    return {"text": text, "all_labels": list(LABELS), "true_labels": sorted(topics)}

"""The sentences of the embedded sample: text with slots, and the relations that the sentence states.

A slot is `{kind}` or `{kind:name}`. Kinds named like an entity label become entities; the rest is filler. `surname` and
`city` draw from the words that are both (label person and location), `maker` and `gadget` from those that are both a
company and a product. Relations name slots: (head, tail, label). Sentences that mention two entities without relating
them are as important as those that do.
"""

from __future__ import annotations

from typing import NamedTuple


class Template(NamedTuple):
    """One sentence: its text with slots, and its relations as (head slot, tail slot, label)."""

    text: str
    relations: tuple[tuple[str, str, str], ...] = ()


WORKS, LIVES, FOUNDED, LOCATED, BORN = "works for", "lives in", "founded by", "located in", "born on"

ENGLISH = (
    Template("{person:p} works for {organization:o} as {role}.", (("p", "o", WORKS),)),
    Template("{organization:o} hired {person:p} as {role} on {date}.", (("p", "o", WORKS),)),
    Template("{person:p}, {role} at {organization:o}, presented {item} {time}.", (("p", "o", WORKS),)),
    Template("{person:p} met {person:q}, who works for {organization:o}.", (("q", "o", WORKS),)),
    Template("{surname:p} joined {maker:o} in {date} and moved to {location}.", (("p", "o", WORKS),)),
    Template(
        "{person:p} lives in {location:l} and teaches at {organization:o}.", (("p", "l", LIVES), ("p", "o", WORKS))
    ),
    Template("{person:p} lives in {city:l} with {number} cats.", (("p", "l", LIVES),)),
    Template("Since {date}, {person:p} has lived in {location:l}.", (("p", "l", LIVES),)),
    Template("A resident of {location:l}, {surname:p} paid {money} for the {adjective} {kind}.", (("p", "l", LIVES),)),
    Template("{organization:o} was founded by {person:p} in {date}.", (("o", "p", FOUNDED),)),
    Template("{person:p} founded {organization:o} with {money} {time}.", (("o", "p", FOUNDED),)),
    Template("Founded by {person:p}, {maker:o} now sells {product}.", (("o", "p", FOUNDED),)),
    Template("{organization:o} is located in {location:l}.", (("o", "l", LOCATED),)),
    Template("The offices of {organization:o} are located in {city:l}, near the river.", (("o", "l", LOCATED),)),
    Template("{maker:o}, based in {location:l}, cut {number} jobs {time}.", (("o", "l", LOCATED),)),
    Template("{person:p} was born on {date:d} in {location}.", (("p", "d", BORN),)),
    Template("Born on {date:d}, {person:p} lives in {location:l}.", (("p", "d", BORN), ("p", "l", LIVES))),
    Template("{surname:p} was born on {date:d}, according to passport {document}.", (("p", "d", BORN),)),
    Template("{person} visited {location} and declined an offer from {organization}."),
    Template("{surname} said {time} that the weather in {city} was fine."),
    Template("{city} welcomed {number} visitors in {date}."),
    Template("The trial in {city} began on {date}, and {surname} did not appear."),
    Template("The {adjective} {gadget} {kind} costs {money}."),
    Template("{maker} unveiled the {product} in {location} on {date}."),
    Template("Reviewers liked the {product} but not the {gadget}."),
    Template("{organization} sued {organization} under the {law}."),
    Template("The court fined {organization} {money} for breaching the {law}."),
    Template("Under {law}, claims above {money} need a hearing."),
    Template("Case {document} was filed by {person} on {date}."),
    Template("Invoice {document} for {money} was sent to {organization}."),
    Template("The {product} was recalled in {location} after {number} complaints."),
    Template("{person} bought a {product} for {money} in {location}."),
    Template("Counsel cited {law} and {law} in {item}."),
    Template("{person} left {city}."),
    Template("{surname} owes {money}."),
    Template("{product} sold out in {location}."),
    Template("Order {document}: {number} units of the {product}, paid on {date}."),
)

PORTUGUESE = (
    Template("{person:p} trabalha para {organization_pt:o} como {role_pt}.", (("p", "o", WORKS),)),
    Template("{organization_pt:o} contratou {person:p} em {date_pt}.", (("p", "o", WORKS),)),
    Template("{person:p} mora em {location:l} desde {date_pt}.", (("p", "l", LIVES),)),
    Template("O réu {person:p}, CPF {cpf}, mora em {city:l}.", (("p", "l", LIVES),)),
    Template("{organization_pt:o} foi fundada por {person:p} em {date_pt}.", (("o", "p", FOUNDED),)),
    Template("{organization_pt:o} fica em {location:l}, perto do rio.", (("o", "l", LOCATED),)),
    Template("{person:p} nasceu em {date_pt:d}, em {location}.", (("p", "d", BORN),)),
    Template("{surname:p}, que nasceu em {date_pt:d}, assinou {item_pt} {time_pt}.", (("p", "d", BORN),)),
    Template("Nos termos da {law_pt}, {organization_pt} pagará {money_pt} a {person}."),
    Template("O processo {process} foi julgado em {city} com base na {law_pt}."),
    Template("A multa de {money_pt} imposta a {organization_pt} viola a {law_pt}."),
    Template("{person}, CPF {cpf}, comprou o {kind_pt} {product} por {money_pt}."),
    Template("{surname} viajou para {city} e recusou {item_pt}."),
    Template("Segundo {person}, o {product} chegou a {location} em {date_pt}."),
    Template("{person} deixou {city}."),
)

EMPTY_ENGLISH = (
    Template("Please send {item} to the Legal Department {time}."),
    Template("Everyone on the Committee agreed that {item} was {adjective}."),
    Template("The {adjective} {kind} failed {number} times, and nobody knew why."),
    Template("Thank You for reading {item}."),
    Template("Only {number} of the Members had read {item} {time}, so the Chair closed the meeting."),
)

EMPTY_PORTUGUESE = (
    Template("A Comissão aprovou {item_pt} {time_pt}."),
    Template("O {kind_pt} falhou {number} vezes e ninguém leu {item_pt}."),
    Template("Favor enviar {item_pt} ao Departamento Jurídico {time_pt}."),
)

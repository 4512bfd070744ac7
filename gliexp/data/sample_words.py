"""The word pools from which the embedded sample builds names, places, dates, sums and identifiers.

Parts are combined (first + last name, stem + suffix), and one combination in five is held out of training, so that dev
and test hold names nobody saw, made of parts that were seen. `SHARED` words are both a surname and a city: only the
sentence around one tells which.
"""

from __future__ import annotations

FIRST_NAMES = (
    "Alice Bruno Clara Daniel Elena Felipe Grace Hugo Irene James Karina Leonardo Marta Nelson Olivia Paulo Renata "
    "Samuel Teresa Victor Yasmin April June Rafael Helena Tomas Beatriz Martin Sofia Gustavo"
).split()
LAST_NAMES = (
    "Almeida Barros Carter Duarte Evans Ferreira Garcia Hoffman Ibrahim Jensen Keller Lopes Moreira Novak Oliveira "
    "Pereira Quinn Ribeiro Silva Tavares Ueda Vargas Weber Young Zanetti Costa"
).split()
SHARED = "Lincoln Santos Jordan Austin Florence Salvador Madison Camargo Houston Franca".split()

CITIES = (
    "Lisbon Boston Recife Oslo Dublin Curitiba Nairobi Porto Geneva Toronto Manaus Seville Denver Braga Kyoto Belém "
    "Utrecht Natal Leeds Goiânia"
).split()
CITY_PREFIXES = ("New", "Port", "San", "Lake", "Vila", "North")
CITY_BASES = "Aurelio Haven Marlow Esperança Bento Clair Verde Marino".split()

ORG_STEMS = (
    "Norvex Aurora Helix Vertex Solara Boreal Quanta Pinheiro Atlas Meridian Kestrel Lumina Orion Cobalt Harbor Sequoia"
).split()
ORG_SUFFIXES_EN = ("Labs", "Bank", "Industries", "Group", "Foundation", "Systems", "University", "Energy", "Airlines")
ORG_PREFIXES_PT = ("Banco", "Grupo", "Instituto", "Construtora", "Fundação", "Universidade", "Transportes")

# Stems that are also products: "Orion hired ..." is a company, "the new Orion tablet" is not.
PRODUCT_BRANDS = "Orion Atlas Pulse Nimbus Zephyr Cobalt Falcon Prisma Comet Lumina Vela Tundra".split()
PRODUCT_SUFFIXES = ("Pro", "Mini", "Max", "One", "Plus", "Air", "X200", "S9", "Z4", "T800")

MONTHS_EN = "January February March April May June July August September October November December".split()
MONTHS_PT = "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro".split()

LAW_SUBJECTS = ("Data Protection", "Consumer Rights", "Clean Air", "Fair Trade", "Public Records", "Labor Standards")
LAW_CODES_PT = (
    "Código Civil",
    "Código Penal",
    "Constituição Federal",
    "Código de Processo Civil",
    "Lei Maria da Penha",
)

ROLES_EN = (
    "an engineer",
    "a senior analyst",
    "the Head of Research",
    "a nurse",
    "Chief Counsel",
    "a designer",
    "a pilot",
)
ROLES_PT = ("engenheira", "analista", "Diretor Jurídico", "contadora", "gerente de projetos", "advogada")
ITEMS_EN = (
    "the Annual Report",
    "the Board minutes",
    "a Quality Review",
    "the budget",
    "Phase Two",
    "the Summer School",
)
ITEMS_PT = ("o Relatório Anual", "a Ata da Reunião", "o parecer", "a Fase Dois", "o orçamento", "o Plano de Metas")
TIMES_EN = ("last week", "again", "without delay", "for the first time", "as expected", "after a long debate")
TIMES_PT = ("na semana passada", "mais uma vez", "sem demora", "como previsto", "depois de longo debate")
ADJECTIVES_EN = ("new", "smaller", "revised", "popular", "early", "costly")
KINDS_EN = ("tablet", "printer", "sensor", "headset", "scooter", "router")
KINDS_PT = ("celular", "notebook", "sensor", "relógio", "roteador")

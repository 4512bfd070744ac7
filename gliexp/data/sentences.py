"""Where sentences end in a list of words: a rule on the words alone, so that the same words always give the same ends.

It need not be perfect: windows of long documents end at sentence ends where one is near (data/chunking.py), and a false
end costs a little context. What it must not do is end a sentence after "art." or "nº", of which legal text is full.
"""

from __future__ import annotations

from collections.abc import Sequence

ENDS = frozenset(".!?…")
CLOSERS = frozenset("\"'”\u2019»)]}")
OPENERS = frozenset("\"'“\u2018«([{¿¡-\u2013\u2014•*§")

# Words that are written with a full stop which ends nothing. Portuguese first, legal and common; then English.
ABBREVIATIONS = frozenset(
    """
    a ac acp adj agr al alín ap apel arg art arts av c cap caps cc ccb cel cf cfr ch cia cit civ cível cód côd compl
    conf crim cx d dec des desa desemb div doc docs dr dra dras drs e ed eg emb emm eng esp est etc ex exa exma exmo ext
    fed fl fls fol fols gab gen h hab i id inc incs inf ing inq j jr js jud l lda leg lit loc ltda m mat max mil min
    mín mm mons mp mun n nº nn nos num núm o ob obs op orig p pag pág págs par parág pe pg pgs pp pres princ proc prof
    profa profs pub públ q r ref reg rel relª res resp rev rg rod s sec séc seg segs sem ss sr sra sras srs sta sto supl
    t tel tít trad trib u ún v var vol vols vs w x y z
    approx apr aug bros co corp ct dept e.g feb fig figs gov hon i.e inc jan jul jun lt mar messrs mr mrs ms no nov oct
    rep rev sen sep sept st supp univ viz
    """.split()
)


def sentence_starts(words: Sequence[str]) -> list[int]:
    """Positions (0-based, ascending, without 0) at which a new sentence begins in `words`.

    A sentence ends after a word that is or ends in one of `. ! ? …`, closing quotes and brackets included, if the next
    word looks like a beginning: no small letter, no comma. A full stop does not count after an abbreviation, a single
    letter, or the number of a heading ("3.1 . Recurso").
    """
    starts: list[int] = []
    last = 0
    for at in range(1, len(words)):
        if _closes(words[at]) and words[at - 1][-1] in ENDS | CLOSERS:
            continue  # the sentence goes on to its closing mark
        if _begins(words[at]) and _ends(words, at, last):
            starts.append(at)
            last = at
    return starts


def _begins(word: str) -> bool:
    """Whether a sentence may begin with `word`."""
    return word[0] in OPENERS or (word[0].isalnum() and not word[0].islower())


def _closes(word: str) -> bool:
    """Whether `word` is nothing but closing marks."""
    return CLOSERS.issuperset(word)


def _ends(words: Sequence[str], at: int, last: int) -> bool:
    """Whether the sentence that began at `last` has its end just before `at`."""
    mark = at - 1
    while mark > last and _closes(words[mark]):
        mark -= 1
    word = words[mark]
    if word[-1] not in ENDS:
        return False
    if ENDS.issuperset(word):
        return word != "." or not _is_part_of_a_stop(words, mark, last)
    return word[-1] != "." or not _is_abbreviation(word[:-1])


def _is_part_of_a_stop(words: Sequence[str], mark: int, last: int) -> bool:
    """Whether the full stop at `mark` belongs to the word before it: an abbreviation, or the number of a heading."""
    if mark == last:
        return True
    before = words[mark - 1]
    heading = mark - 1 == last and before[0].isdigit() and len(before) <= len("10.10.10")
    return heading or _is_abbreviation(before)


def _is_abbreviation(word: str) -> bool:
    """Whether a full stop after `word` is its own: a known one, a letter, or letters with full stops (S.A)."""
    plain = word.lower().strip("(\"'“«")
    return plain in ABBREVIATIONS or (len(plain) == 1 and plain.isalpha()) or ("." in plain and plain[-1].isalpha())

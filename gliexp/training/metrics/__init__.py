"""Scores of predictions against gold, without torch: fractions from 0 to 1, and 0 wherever 0 is divided by 0.

So an empty prediction on empty gold scores 0, as in seqeval: nothing was found right. Macro averages run over every
label that gold or prediction holds, also as in seqeval. Classifications are in training/class_metrics.py.
"""

from gliexp.training.metrics.entities import score_entities as score_entities
from gliexp.training.metrics.relations import score_relations as score_relations

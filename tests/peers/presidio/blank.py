"""Presidio's engine with its pattern recognizers and no language model."""

import spacy
import tldextract
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from spacy.language import Language


@Language.component("lower_case_lemmas")
def lower_case_lemmas(document):
    """Presidio compares its context words with lemmas; the words themselves are the next best thing."""
    for token in document:
        token.lemma_ = token.lower_
    return document


class BlankNlpEngine(SpacyNlpEngine):
    """Splits English into words, and names nobody."""

    def __init__(self):
        super().__init__(models=[{"lang_code": "en", "model_name": "blank"}])
        pipeline = spacy.blank("en")
        pipeline.add_pipe("lower_case_lemmas")
        self.nlp = {"en": pipeline}

    def load(self):
        pass


def engine():
    # The recognizer of mailboxes knows domains by the list inside its package; it need not ask for a newer one.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())
    return AnalyzerEngine(nlp_engine=BlankNlpEngine(), supported_languages=["en"])

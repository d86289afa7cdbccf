"""Writes sentences with personal data, and what Presidio's pattern recognizers find in them, as a JSON object a line.

The sentences come from presidio-evaluator's generator, of which only the templates and the files inside the package are used. Each
line has `text`, `spans` (what was put in: entity, start, end in characters) and `found` (what Presidio says, with its scores).
Arguments: how many sentences, and the seed.
"""

import contextlib
import io
import json
import sys
import time

with contextlib.redirect_stdout(io.StringIO()):
    from presidio_evaluator.data_generator import PresidioSentenceFaker

from blank import engine


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        faker = PresidioSentenceFaker("en_US", lower_case_ratio=0.05, random_seed=seed)
        samples = faker.generate_new_fake_sentences(num_samples=count)
    analyzer = engine()
    analyzer.analyze("warm", language="en")
    seconds = 0.0
    for sample in samples:
        started = time.perf_counter()
        found = analyzer.analyze(sample.full_text, language="en")
        seconds += time.perf_counter() - started
        line = {
            "text": sample.full_text,
            "spans": [{"entity": span.entity_type, "start": span.start_position, "end": span.end_position} for span in sample.spans],
            "found": [
                {"entity": result.entity_type, "start": result.start, "end": result.end, "score": result.score}
                for result in found
            ],
        }
        print(json.dumps(line, ensure_ascii=False))
    print(json.dumps({"seconds": seconds}))


main()

"""The analyzer service: Presidio's engine with its pattern recognizers and no language model, behind the HTTP interface that its
documentation describes (POST /analyze, GET /health). Prints the port that it listens on.

With a number as argument, each analysis takes at least that many seconds.
"""

import json
import sys
import time

from flask import Flask, Response, jsonify, request
from presidio_analyzer import AnalyzerRequest, BatchAnalyzerEngine
from werkzeug.serving import make_server

from blank import engine


def application(pause_seconds):
    app = Flask(__name__)
    batches = BatchAnalyzerEngine(engine())

    @app.get("/health")
    def health():
        return "Presidio Analyzer service is up"

    @app.post("/analyze")
    def analyze():
        asked = AnalyzerRequest(request.get_json())
        if not asked.text or not asked.language:
            return jsonify(error="No text or no language provided"), 500
        time.sleep(pause_seconds)
        is_batch = isinstance(asked.text, list)
        answers = batches.analyze_iterator(
            texts=asked.text if is_batch else [asked.text],
            language=asked.language,
            score_threshold=asked.score_threshold,
            entities=asked.entities,
            context=asked.context,
        )
        answers = [[finding.to_dict() for finding in answer] for answer in answers]
        for finding in (finding for answer in answers for finding in answer):
            finding.pop("recognition_metadata", None)
        return Response(json.dumps(answers if is_batch else answers[0]), content_type="application/json")

    return app


if __name__ == "__main__":
    pause = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    server = make_server("127.0.0.1", 0, application(pause), threaded=True)
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()

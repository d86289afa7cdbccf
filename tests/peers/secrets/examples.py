"""Writes the examples of other scanners' rules, and what detect-secrets and Gitleaks say of each, as a JSON object a line.

The examples stay in the packages that they come with. Each line has `set` (the package), `text`, `is_secret` (what the package says) and
`found` (from the name of a scanner to whether it finds anything). Arguments: the folders of the packages, then the program of Gitleaks.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import tomllib

import yaml
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings


def of_ripsecrets(folder):
    for file in (folder / "test/one_per_line").iterdir():
        yield from ((line, True) for line in file.read_text().splitlines())
    yield from ((file.read_text(), True) for file in (folder / "test/one_per_file").iterdir())
    yield from ((line, False) for line in (folder / "test/none").read_text().splitlines())


def of_kingfisher_rules(folder):
    for file in (folder / "generated/rules").glob("*.yml"):
        for rule in yaml.safe_load(file.read_text())["rules"]:
            yield from ((text, True) for text in rule.get("examples", []))
            yield from ((text, False) for text in rule.get("negative_examples", []))


def of_keyhog_core(folder):
    for file in (folder / "detectors").glob("*.toml"):
        for test in tomllib.loads(file.read_text()).get("detector", {}).get("tests", []):
            yield test.get("test_positive"), True
            yield test.get("test_negative"), False


SETS = {"ripsecrets": of_ripsecrets, "kingfisher-rules": of_kingfisher_rules, "keyhog-core": of_keyhog_core}


def examples(folders):
    """Each text once for each set; what a set calls both is left out."""
    for folder in map(pathlib.Path, folders):
        name = folder.name.rsplit("-", 1)[0]
        said = {}
        for text, is_secret in SETS[name](folder):
            if text and text.strip():
                said.setdefault(text, set()).add(is_secret)
        yield from ((folder.name, text, is_secret.pop()) for text, is_secret in said.items() if len(is_secret) == 1)


def of_gitleaks(program, folder):
    report = pathlib.Path(folder, "report")
    arguments = [program, "dir", folder, "-f", "json", "-r", report, "--exit-code", "0", "--no-banner"]
    subprocess.run(arguments, check=True, stderr=subprocess.DEVNULL)
    found = {int(pathlib.Path(find["File"]).stem) for find in json.loads(report.read_text())}
    return lambda number: number in found


def of_detect_secrets(folder):
    return lambda number: any(True for _ in scan_file(str(pathlib.Path(folder, f"{number}.txt"))))


def main():
    *folders, gitleaks = sys.argv[1:]
    rows = sorted(examples(folders))
    with tempfile.TemporaryDirectory() as folder, default_settings():
        for number, (_, text, _) in enumerate(rows):
            pathlib.Path(folder, f"{number}.txt").write_text(text)
        others = {"detect-secrets": of_detect_secrets(folder), "Gitleaks": of_gitleaks(gitleaks, folder)}
        for number, (name, text, is_secret) in enumerate(rows):
            found = {scanner: finds(number) for scanner, finds in others.items()}
            print(json.dumps({"set": name, "text": text, "is_secret": is_secret, "found": found}))


main()

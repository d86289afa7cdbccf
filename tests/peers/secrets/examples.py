"""Writes the examples of other scanners' rules, and what detect-secrets and Gitleaks say of each, as a JSON object a line.

Of rules that come without examples, texts are made that their patterns match. Examples stay in the packages that they come with. Each line has `set` (the package), `text`, `is_secret` (what the package says) and
`found` (from the name of a scanner to whether it finds anything). Arguments: the packages, as cargo keeps them, then the program of
Gitleaks.
"""

import hashlib
import json
import pathlib
import random
import subprocess
import sys
import tarfile
import tempfile
import tomllib

import yaml
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.scan import scan_file
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.settings import default_settings

import patterns

# How many texts are made for each pattern.
TEXTS = 3


def of_ripsecrets(folder):
    for file in (folder / "test/one_per_line").iterdir():
        yield from ((line, True) for line in file.read_text().splitlines())
    yield from ((file.read_text(), True) for file in (folder / "test/one_per_file").iterdir())
    yield from ((line, False) for line in (folder / "test/none").read_text().splitlines())


def of_kingfisher_rules(folder):
    for file in (folder / "generated/rules").glob("*.yml"):
        for rule in yaml.load(file.read_text(), Loader=yaml.CSafeLoader)["rules"]:
            yield from ((text, True) for text in rule.get("examples", []))
            yield from ((text, False) for text in rule.get("negative_examples", []))


def of_betterleaks(folder):
    file = folder / "generated/rules/betterleaks.yml"
    for rule in yaml.load(file.read_text(), Loader=yaml.CSafeLoader)["rules"]:
        yield from ((text, True) for text in patterns.texts(rule["pattern"], random.Random(rule["id"]), TEXTS))


def of_detect_secrets_plugins():
    for kind, plugin in sorted(get_mapping_from_secret_type_to_class().items()):
        # An address is no credential.
        if issubclass(plugin, RegexBasedDetector) and plugin.__name__ != "IPPublicDetector":
            for pattern in plugin.denylist:
                yield from ((text, True) for text in patterns.texts(pattern.pattern, random.Random(kind), TEXTS))


def of_keyhog_core(folder):
    for file in (folder / "detectors").glob("*.toml"):
        for test in tomllib.loads(file.read_text()).get("detector", {}).get("tests", []):
            yield test.get("test_positive"), True
            yield test.get("test_negative"), False


# What each package is, and how its examples are read.
SETS = {
    "ripsecrets-0.1.11": ("c07838134323adab4f8ec502f87ce3374e264846a8bc07351f221f7c30d02579", of_ripsecrets),
    "kingfisher-rules-3.0.1": ("ae83deaf5347fc4213918c557d69528c82772674825176d8a9fd734b8be78175", of_kingfisher_rules),
    "keyhog-core-0.5.86": ("b1d29e961285c4f47843b61cc48f163d7532f1ae44d2cb19a4c2510b291b0251", of_keyhog_core),
}

# Rules of somebody else that come with a package, without examples.
MADE = {"kingfisher-rules-3.0.1": ("betterleaks b1aa878, made", of_betterleaks)}


def examples(packages):
    """The texts of each set."""
    for package in map(pathlib.Path, packages):
        digest, read = SETS[package.stem]
        if hashlib.sha256(package.read_bytes()).hexdigest() != digest:
            sys.exit(f"{package} is not the package that was looked at")
        with tempfile.TemporaryDirectory() as folder:
            tarfile.open(package).extractall(folder, filter="data")
            folder = pathlib.Path(folder, package.stem)
            yield from once(package.stem, read(folder))
            if package.stem in MADE:
                name, make = MADE[package.stem]
                yield from once(name, make(folder))
    yield from once("detect-secrets 1.5.0, made", of_detect_secrets_plugins())


def once(name, said_of):
    """Each text once; what is called both is left out."""
    said = {}
    for text, is_secret in said_of:
        if text and text.strip():
            said.setdefault(text, set()).add(is_secret)
    yield from ((name, text, is_secret.pop()) for text, is_secret in said.items() if len(is_secret) == 1)


def of_gitleaks(program, folder):
    report = pathlib.Path(folder, "report")
    arguments = [program, "dir", folder, "-f", "json", "-r", report, "--exit-code", "0", "--no-banner"]
    subprocess.run(arguments, check=True, stderr=subprocess.DEVNULL)
    found = {int(pathlib.Path(find["File"]).stem) for find in json.loads(report.read_text())}
    return lambda number: number in found


def of_detect_secrets(folder):
    return lambda number: any(True for _ in scan_file(str(pathlib.Path(folder, f"{number}.txt"))))


def main():
    *packages, gitleaks = sys.argv[1:]
    rows = sorted(examples(packages))
    with tempfile.TemporaryDirectory() as folder, default_settings():
        for number, (_, text, _) in enumerate(rows):
            pathlib.Path(folder, f"{number}.txt").write_text(text)
        others = {"detect-secrets": of_detect_secrets(folder), "Gitleaks": of_gitleaks(gitleaks, folder)}
        for number, (name, text, is_secret) in enumerate(rows):
            found = {scanner: finds(number) for scanner, finds in others.items()}
            print(json.dumps({"set": name, "text": text, "is_secret": is_secret, "found": found}))


main()

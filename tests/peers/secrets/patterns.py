"""Makes texts that a regular expression matches, so that what a rule is for can be looked for without its examples.

What may be missing is left out, runs have any of their lengths up to forty more than the least, and characters are random.
"""

import re
import string

PRINTED = [c for c in string.printable if c not in string.whitespace]
CLASSES = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_WORD": string.ascii_letters + string.digits + "_",
    "CATEGORY_SPACE": " ",
}
LONGER_MAX = 40


def texts(pattern, random, count):
    """So many texts of a pattern of RE2 or of Python; none where it cannot be read."""
    pattern = pattern.replace("[[:alnum:]]", "[A-Za-z0-9]").replace("[:alnum:]", "A-Za-z0-9").replace("\\z", "\\Z")
    # A flag in the midst of a pattern only makes it match more.
    pattern = re.sub(r"\(\?[ix]+\)", "", pattern) if "(?x)" not in pattern else re.sub(r"\(\?x\)|\s+", "", pattern)
    try:
        parsed = re._parser.parse(pattern)
        return [made(parsed, random).strip() for _ in range(count)]
    except (re.error, ValueError):
        return []


def made(parsed, random):
    return "".join(item(str(op), value, random) for op, value in parsed)


def item(op, value, random):
    match op:
        case "LITERAL":
            return chr(value)
        case "NOT_LITERAL":
            return random.choice([c for c in PRINTED if ord(c) != value])
        case "ANY":
            return random.choice(string.ascii_lowercase)
        case "IN":
            return one_of(value, random)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, repeated = value
            count = 0 if least == 0 else random.randint(least, min(int(most), least + LONGER_MAX))
            return "".join(made(repeated, random) for _ in range(count))
        case "SUBPATTERN":
            return made(value[3], random)
        case "ATOMIC_GROUP":
            return made(value, random)
        case "BRANCH":
            return made(random.choice(value[1]), random)
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return ""
    raise ValueError(op)


def one_of(items, random):
    is_negated = str(items[0][0]) == "NEGATE"
    chars = set()
    for op, value in items:
        match str(op):
            case "LITERAL":
                chars.add(chr(value))
            case "RANGE":
                chars.update(map(chr, range(value[0], min(value[1], 126) + 1)))
            case "CATEGORY":
                if str(value) not in CLASSES:
                    raise ValueError(value)
                chars.update(CLASSES[str(value)])
    shown = [c for c in PRINTED if (c in chars) != is_negated]
    # Of letters and other signs, letters: what stands around a value is of the others.
    plain = [c for c in shown if c.isalnum()]
    return random.choice(plain if is_negated and plain else shown or sorted(chars) or [""])

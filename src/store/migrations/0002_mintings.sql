-- What may exist at a source of credentials. Times are milliseconds since the Unix epoch; `made` is a JSON array, oldest first.
CREATE TABLE minting (
    id             TEXT    NOT NULL PRIMARY KEY,
    provider       TEXT    NOT NULL,
    credential     TEXT    NOT NULL,
    session        TEXT    NOT NULL,
    session_end    INTEGER NOT NULL,
    begun          INTEGER NOT NULL,
    made           TEXT    NOT NULL,
    lease          TEXT,
    expiry         INTEGER,
    attempts       INTEGER NOT NULL,
    error          TEXT,
    is_irrevocable INTEGER NOT NULL,
    CHECK ((lease IS NULL) = (expiry IS NULL))
) STRICT, WITHOUT ROWID;

-- Sessions. Times are milliseconds since the Unix epoch; lists are JSON arrays; scopes are written as in RFC 6749, section 3.3.
CREATE TABLE session (
    id             TEXT    NOT NULL PRIMARY KEY,
    token_id       TEXT    NOT NULL UNIQUE,
    agent          TEXT    NOT NULL,
    agent_groups   TEXT    NOT NULL,
    subject_issuer TEXT    NOT NULL,
    subject_id     TEXT    NOT NULL,
    actor_issuer   TEXT,
    actor_id       TEXT,
    resources      TEXT    NOT NULL,
    scopes         TEXT    NOT NULL,
    created        INTEGER NOT NULL,
    expires        INTEGER NOT NULL,
    revoked        INTEGER,
    CHECK ((actor_issuer IS NULL) = (actor_id IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX session_expires ON session (expires);

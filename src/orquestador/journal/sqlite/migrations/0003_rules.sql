-- Rules of channels (ref '') and of their offers; one that says nothing stays, so that its rev goes on.
CREATE TABLE rules (
    channel TEXT NOT NULL,
    ref     TEXT NOT NULL,
    erp_sku TEXT,
    frozen  INTEGER NOT NULL,
    empty   INTEGER NOT NULL,
    tell_at REAL,
    rev     INTEGER NOT NULL,
    doc     TEXT NOT NULL,
    PRIMARY KEY (channel, ref)
) WITHOUT ROWID;
CREATE INDEX rules_ref ON rules (ref, channel);
CREATE INDEX rules_erp_sku ON rules (erp_sku) WHERE erp_sku IS NOT NULL;
CREATE INDEX rules_frozen ON rules (channel, ref) WHERE frozen = 1;
CREATE INDEX rules_to_tell ON rules (tell_at) WHERE tell_at IS NOT NULL;

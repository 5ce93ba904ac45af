-- One text for both databases: SQLite reads what stands in /*+sqlite ... */, PostgreSQL takes it for a comment.
-- Names, ids and values are bytes: no text encoding refuses them, no collation orders them.

-- A collection's row is its lock. A document's seq is its place in the order of creation.
CREATE TABLE counterpart_collections (
  name   BYTEA  NOT NULL PRIMARY KEY,
  number BIGINT NOT NULL UNIQUE,
  seq    BIGINT NOT NULL
);

-- keys are name=value&name=value, as in a URL's query.
CREATE TABLE counterpart_documents (
  collection BIGINT NOT NULL,
  id         BYTEA  NOT NULL,
  seq        BIGINT NOT NULL,
  keys       BYTEA  NOT NULL,
  body       BYTEA  NOT NULL,
  PRIMARY KEY (collection, id),
  UNIQUE (collection, seq)
);

-- The index: which documents have a term, a key's name=value. A row has 4096 seqs, one bit each; the empty term has all
-- documents. What a list counts, combines and skips it so reads from few rows.
CREATE TABLE counterpart_index (
  collection BIGINT NOT NULL,
  term       BYTEA  NOT NULL,
  bucket     BIGINT NOT NULL,
  bits       BYTEA  NOT NULL,
  PRIMARY KEY (collection, term, bucket)
) /*+sqlite WITHOUT ROWID */;

/*+sqlite PRAGMA application_id = 1129272656; */

-- Run once, on an empty volume.
CREATE TABLE calls (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  caller text NOT NULL,
  said text NOT NULL,
  received timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX calls_by_caller ON calls (caller);

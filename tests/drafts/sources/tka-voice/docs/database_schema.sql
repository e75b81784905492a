CREATE TABLE calls (id integer PRIMARY KEY);

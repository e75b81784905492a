CREATE TABLE visits (id serial PRIMARY KEY, who text NOT NULL);

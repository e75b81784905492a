INSERT INTO visits (who) VALUES ('the first');

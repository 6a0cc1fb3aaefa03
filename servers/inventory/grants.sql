-- What the server's role needs, to be run once by an administrator of the database, before the server starts. The CMDB's own
-- role needs nothing more than it has.
CREATE ROLE annex LOGIN;
CREATE SCHEMA annex AUTHORIZATION annex; -- where the server's tables and functions are
ALTER ROLE annex SET search_path = annex;
GRANT USAGE ON SCHEMA cmdb TO annex;
GRANT SELECT, INSERT, UPDATE, DELETE, TRIGGER ON cmdb.machines TO annex;

-- Takes the server's part out of a database, once no replica runs any more. The CMDB's tables stay as they are. To be run as
-- the role that the server runs as, with its search_path.
BEGIN;
DROP FUNCTION annex_machines_written, annex_machines_truncated CASCADE; -- and the triggers on cmdb.machines
DROP FUNCTION annex_machines_publish, annex_machines_backfill;
DROP TABLE annex_machines_metadata, annex_machines_left_out;
DELETE FROM annex_external WHERE name = 'cmdb.machines';
-- Revisions go on where they were: watches of other resources in this database don't notice.
SELECT revision FROM annex_meta FOR UPDATE;
WITH gone AS (DELETE FROM annex_current WHERE key LIKE '/annex/inventory.example.com/machines/%' RETURNING key, rev, value),
     numbered AS (SELECT key, rev, value, (SELECT revision FROM annex_meta) + row_number() OVER (ORDER BY key) AS next FROM gone)
INSERT INTO annex_log (rev, key, value, prev_rev, prev_value) SELECT next, key, NULL, rev, value FROM numbered;
UPDATE annex_meta SET revision = greatest(revision, (SELECT coalesce(max(rev), 0) FROM annex_log));
COMMIT;

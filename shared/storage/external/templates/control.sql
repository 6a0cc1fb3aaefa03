-- How far each external table is.
CREATE TABLE IF NOT EXISTS {{.Control}} (
	name      text PRIMARY KEY, -- of the owner's table
	prefix    text NOT NULL,    -- of the keys of its objects in annex_current
	hash      text NOT NULL,    -- of what was installed for it
	complete  boolean NOT NULL, -- all rows that were there then are published
	position  jsonb             -- the primary key of the last that was, as an array
);

-- Gives fields of an object to a manager: changed has, for each field, its path in managedFields by version, and whether it is
-- set. They are taken from all others. What an entry has nothing left of is dropped: an empty path would stand for itself.
CREATE OR REPLACE FUNCTION {{.Manage}}(managed jsonb, manager text, version text, changed jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $annex$
DECLARE
	entry jsonb;
	field jsonb;
	fields jsonb;
	own jsonb := '{}';
	path text[];
	result jsonb := '[]';
BEGIN
	FOR entry IN SELECT e FROM jsonb_array_elements(coalesce(managed, '[]')) AS e LOOP
		fields := entry->'fieldsV1';
		FOR field IN SELECT c->'paths'->(entry->>'apiVersion') FROM jsonb_array_elements(changed) AS c LOOP
			CONTINUE WHEN field IS NULL;
			path := ARRAY(SELECT jsonb_array_elements_text(field));
			fields := fields #- path;
			WHILE cardinality(path) > 1 LOOP
				path := path[1:cardinality(path) - 1];
				EXIT WHEN fields #> path IS DISTINCT FROM '{}';
				fields := fields #- path;
			END LOOP;
		END LOOP;
		IF entry->>'manager' = manager AND entry->>'operation' = 'Update' AND entry->>'apiVersion' = version AND NOT entry ? 'subresource' THEN
			own := fields;
		ELSIF fields <> '{}' THEN
			result := result || jsonb_build_array(entry || jsonb_build_object('fieldsV1', fields));
		END IF;
	END LOOP;
	FOR field IN SELECT c->'paths'->version FROM jsonb_array_elements(changed) AS c WHERE (c->>'set')::boolean LOOP
		path := ARRAY(SELECT jsonb_array_elements_text(field));
		FOR i IN 1..cardinality(path) LOOP
			IF own #> path[1:i] IS NULL THEN
				own := jsonb_set(own, path[1:i], '{}');
			END IF;
		END LOOP;
	END LOOP;
	IF own = '{}' THEN
		RETURN result;
	END IF;
	RETURN result || jsonb_build_array(jsonb_build_object(
		'manager', manager, 'operation', 'Update', 'apiVersion', version, 'fieldsType', 'FieldsV1', 'fieldsV1', own,
		'time', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')));
END
$annex$;

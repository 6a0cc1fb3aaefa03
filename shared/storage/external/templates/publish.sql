-- Makes an object of the row with the key, as it is now, and publishes it if it differs from what is published.
--
-- From a trigger, written is NULL. From the API it is {key, expected, uid, created, metadata, rest}: the key in annex_current;
-- the revision of the last write; and, less for a deletion, what no column holds. new_revision and new_value are what
-- annex_current then has; after a deletion, its revision and NULL.
CREATE OR REPLACE FUNCTION {{.Publish}}({{range .Key}}{{.Parameter}} {{.Type}}, {{end}}written jsonb, OUT new_revision bigint, OUT new_value bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $annex$
#variable_conflict use_column
<<publish>>
DECLARE
	head    bigint;        -- the revision of the last write
	before  bigint;        -- head, when this began
	owned   jsonb;         -- the owner's row; NULL: there is none
	side    {{.Metadata}};
	wanted  text;          -- the key of its object; NULL: it is none
	reason  text;          -- why not
	problem text;
	present {{.Current}};  -- what is published
	old     jsonb;
	object  jsonb;
	changed jsonb;
	freed   text;          -- a key that another row may have now
{{- range .Key}}
	{{.Next}} {{.Type}};
{{- end}}
BEGIN
	SELECT m.revision INTO STRICT head FROM {{.Meta}} AS m FOR UPDATE;
	before := head;
	SELECT to_jsonb(annex_row.*) INTO owned FROM {{.Table}} AS annex_row WHERE {{range $i, $k := .Key}}{{if $i}} AND {{end}}annex_row.{{.Name}} = {{.Parameter}}{{end}};
	SELECT s.* INTO side FROM {{.Metadata}} AS s WHERE {{.KeyOf "s"}};
	IF owned IS NOT NULL THEN
		IF NOT owned ?& ARRAY[{{.Needed}}] THEN
			RAISE EXCEPTION 'table % has lost a column that the mapping names', {{literal .TableName}} USING ERRCODE = '{{.LostColumn}}';
		ELSIF NOT coalesce(length(owned->>{{literal .Name}}) <= 253 AND owned->>{{literal .Name}} ~ {{literal .Subdomain}}, false) THEN
			reason := 'Name';
			problem := {{.NameProblem}};
{{- if .Namespace}}
		ELSIF NOT coalesce(length(owned->>{{literal .Namespace}}) <= 63 AND owned->>{{literal .Namespace}} ~ {{literal .Label}}, false) THEN
			reason := 'Namespace';
			problem := {{.NamespaceProblem}};
{{- end}}
		ELSE
			wanted := {{literal .Prefix}}{{if .Namespace}} || (owned->>{{literal .Namespace}}) || '/'{{end}} || (owned->>{{literal .Name}});
{{- range .Checks}}
			IF reason IS NULL AND NOT ({{.Holds}}) THEN
				reason := 'Value';
				problem := {{.Problem}};
			END IF;
{{- end}}
			IF reason IS NULL AND EXISTS (SELECT FROM {{.Metadata}} AS s WHERE s.object_key = wanted AND NOT ({{.KeyOf "s"}})) THEN
				reason := 'Duplicate';
				problem := 'another row has that name already';
			END IF;
		END IF;
	END IF;
	IF written IS NOT NULL THEN
		SELECT c.* INTO present FROM {{.Current}} AS c WHERE c.key = written->>'key';
		IF coalesce(present.rev, 0) <> (written->>'expected')::bigint THEN
			RAISE EXCEPTION 'written since' USING ERRCODE = '{{.Conflict}}';
		ELSIF reason = 'Duplicate' THEN
			RAISE EXCEPTION '%', problem USING ERRCODE = '{{.Exists}}';
		ELSIF reason IS NOT NULL THEN
			RAISE EXCEPTION '%', problem USING ERRCODE = '{{.NoObject}}';
		ELSIF wanted <> written->>'key' THEN
			RAISE EXCEPTION 'the database has given it another name: %', wanted USING ERRCODE = '{{.NoObject}}';
		ELSIF wanted IS NOT NULL AND written->'metadata' IS NULL THEN
			RAISE EXCEPTION 'the database has kept the row' USING ERRCODE = '{{.NoObject}}';
		END IF;
	END IF;
	DELETE FROM {{.LeftOut}} AS l WHERE {{.KeyOf "l"}} AND (l.reason, l.problem) IS DISTINCT FROM (publish.reason, publish.problem);
	IF reason IS NOT NULL THEN
		INSERT INTO {{.LeftOut}} AS l ({{names .Key}}, object_key, reason, problem) VALUES ({{.Parameters}}, wanted, publish.reason, publish.problem)
		ON CONFLICT ({{names .Key}}) DO UPDATE SET object_key = excluded.object_key;
		wanted := NULL;
	END IF;

	-- What it was, under another name.
	IF side.object_key IS DISTINCT FROM wanted AND side.object_key IS NOT NULL THEN
		DELETE FROM {{.Current}} AS c WHERE c.key = side.object_key RETURNING c.* INTO present;
		IF FOUND THEN
			head := head + 1;
			new_revision := head;
			INSERT INTO {{.Log}} (rev, key, value, prev_rev, prev_value) VALUES (head, present.key, NULL, present.rev, present.value);
		END IF;
		DELETE FROM {{.Metadata}} AS s WHERE {{.KeyOf "s"}};
		freed := side.object_key;
		side := NULL;
	END IF;

	IF wanted IS NOT NULL THEN
		IF side.object_key IS NULL THEN
{{- range .Key}}
			side.{{.Name}} := {{.Parameter}};
{{- end}}
			side.object_key := wanted;
			side.object_uid := coalesce(written->>'uid', gen_random_uuid()::text);
			side.object_created := coalesce((written->>'created')::timestamptz, {{.Created}}, clock_timestamp());
			side.object_generation := 0;
			side.object_metadata := '{}';
			side.object_rest := '{}';
		END IF;
		IF written IS NOT NULL THEN
			side.object_metadata := written->'metadata';
			side.object_rest := written->'rest';
		END IF;
		SELECT c.* INTO present FROM {{.Current}} AS c WHERE c.key = wanted;
		IF FOUND THEN
			old := convert_from(present.value, 'UTF8')::jsonb;
		END IF;
		object := {{.Object}};
		IF old IS NULL OR object->'spec' IS DISTINCT FROM old->'spec'
			OR (side.object_metadata ? 'deletionTimestamp' AND NOT old->'metadata' ? 'deletionTimestamp') THEN
			side.object_generation := side.object_generation + 1;
		END IF;
		IF written IS NULL THEN
			changed := '[]';
{{- range .Fields}}
			IF object #> {{.Path}} IS DISTINCT FROM old #> {{.Path}} THEN
				changed := changed || jsonb_build_array(jsonb_build_object('paths', {{.Managed}}::jsonb, 'set', object #> {{.Path}} IS NOT NULL));
			END IF;
{{- end}}
			IF changed <> '[]' THEN
				side.object_metadata := jsonb_set(side.object_metadata, '{managedFields}',
					{{.Manage}}(side.object_metadata->'managedFields', {{literal .Manager}}, {{literal .APIVersion}}, changed));
			END IF;
		END IF;
		object := object || jsonb_build_object(
			'apiVersion', {{literal .APIVersion}}, 'kind', {{literal .Kind}},
			'metadata', side.object_metadata || jsonb_build_object(
				'name', owned->{{literal .Name}},{{if .Namespace}} 'namespace', owned->{{literal .Namespace}},{{end}}
				'uid', side.object_uid, 'generation', side.object_generation,
				'creationTimestamp', to_char(side.object_created AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')));
		IF object IS DISTINCT FROM old THEN
			head := head + 1;
			new_revision := head;
			new_value := convert_to(object::text, 'UTF8');
			INSERT INTO {{.Metadata}} VALUES (side.*)
			ON CONFLICT ({{names .Key}}) DO UPDATE SET object_generation = excluded.object_generation,
				object_metadata = excluded.object_metadata, object_rest = excluded.object_rest;
			INSERT INTO {{.Current}} AS c (key, rev, value) VALUES (wanted, head, new_value)
			ON CONFLICT (key) DO UPDATE SET rev = excluded.rev, value = excluded.value;
			INSERT INTO {{.Log}} (rev, key, value, prev_rev, prev_value) VALUES (head, wanted, new_value, coalesce(present.rev, 0), present.value);
		ELSE
			new_revision := present.rev;
			new_value := present.value;
		END IF;
	END IF;

	IF head > before THEN
		UPDATE {{.Meta}} AS m SET revision = head;
		PERFORM pg_notify({{literal .Channel}}, '');
	END IF;
	IF freed IS NOT NULL THEN
		SELECT {{range $i, $k := .Key}}{{if $i}}, {{end}}l.{{.Name}}{{end}} INTO {{range $i, $k := .Key}}{{if $i}}, {{end}}{{.Next}}{{end}}
		FROM {{.LeftOut}} AS l WHERE l.object_key = freed AND l.reason = 'Duplicate' AND NOT ({{.KeyOf "l"}}) ORDER BY {{names .Key}} LIMIT 1;
		IF FOUND THEN
			PERFORM {{.Publish}}({{range .Key}}{{.Next}}, {{end}}NULL);
		END IF;
	END IF;
END
$annex$;
REVOKE ALL ON FUNCTION {{.Publish}} FROM PUBLIC;

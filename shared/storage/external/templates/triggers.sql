-- After a row was written: deferred, so that it happens when the owner's transaction commits, and takes its lock last.
CREATE OR REPLACE FUNCTION {{.Written}}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $annex$
DECLARE
	old_row jsonb := to_jsonb(OLD);
	new_row jsonb := to_jsonb(NEW);
BEGIN
	-- The owner goes on, whatever becomes of the API: all rows are looked at again once the mapping fits.
	IF to_regclass({{literal .Table}}) IS DISTINCT FROM TG_RELID OR NOT coalesce(new_row, old_row) ?& ARRAY[{{.Needed}}] THEN
		UPDATE {{.Control}} AS c SET complete = false, position = NULL WHERE c.name = {{literal .TableName}} AND (c.complete OR c.position IS NOT NULL);
		RETURN NULL;
	END IF;
	IF old_row IS NOT NULL AND ({{range $i, $k := .Key}}{{if $i}} OR {{end}}old_row->{{literal .Column}} IS DISTINCT FROM new_row->{{literal .Column}}{{end}}) THEN
		PERFORM {{.Publish}}({{range .Key}}(old_row->>{{literal .Column}})::{{.Type}}, {{end}}NULL);
	END IF;
	IF new_row IS NOT NULL THEN
		PERFORM {{.Publish}}({{range .Key}}(new_row->>{{literal .Column}})::{{.Type}}, {{end}}NULL);
	END IF;
	RETURN NULL;
END
$annex$;
REVOKE ALL ON FUNCTION {{.Written}} FROM PUBLIC;

-- After TRUNCATE.
CREATE OR REPLACE FUNCTION {{.Truncated}}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $annex$
BEGIN
	DELETE FROM {{.LeftOut}};
	PERFORM {{.Publish}}({{range .Key}}s.{{.Name}}, {{end}}NULL) FROM {{.Metadata}} AS s;
	RETURN NULL;
END
$annex$;
REVOKE ALL ON FUNCTION {{.Truncated}} FROM PUBLIC;

-- Publishes the next rows of those that were there before the triggers.
CREATE OR REPLACE FUNCTION {{.Backfill}}(batch integer, OUT published integer, OUT complete boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $annex$
#variable_conflict use_column
<<backfill>>
DECLARE
	done      boolean;
	last      jsonb;
	found_row record;
BEGIN
	-- Before annex_meta is locked, as everybody's locks on the owner's table are.
	LOCK TABLE {{.Table}} IN ACCESS SHARE MODE;
	SELECT c.complete, c.position INTO done, last FROM {{.Control}} AS c WHERE c.name = {{literal .TableName}} FOR UPDATE SKIP LOCKED;
	published := 0;
	complete := coalesce(done, false);
	IF done IS NULL OR done THEN
		RETURN; -- Another process is at it, or all is done.
	END IF;
	IF last IS NULL THEN
		FOR found_row IN SELECT {{names .Key}} FROM {{.Table}} ORDER BY {{names .Key}} LIMIT batch LOOP
			PERFORM {{.Publish}}({{range .Key}}found_row.{{.Name}}, {{end}}NULL);
			published := published + 1;
			last := jsonb_build_array({{range $i, $k := .Key}}{{if $i}}, {{end}}found_row.{{.Name}}{{end}});
		END LOOP;
	ELSE
		FOR found_row IN SELECT {{names .Key}} FROM {{.Table}}
			WHERE ({{names .Key}}) > ({{range $i, $k := .Key}}{{if $i}}, {{end}}(last->>{{$i}})::{{.Type}}{{end}}) ORDER BY {{names .Key}} LIMIT batch LOOP
			PERFORM {{.Publish}}({{range .Key}}found_row.{{.Name}}, {{end}}NULL);
			published := published + 1;
			last := jsonb_build_array({{range $i, $k := .Key}}{{if $i}}, {{end}}found_row.{{.Name}}{{end}});
		END LOOP;
	END IF;
	IF published < batch THEN
		-- What went while there were no triggers.
		PERFORM {{.Publish}}({{range .Key}}s.{{.Name}}, {{end}}NULL) FROM {{.Metadata}} AS s
		WHERE NOT EXISTS (SELECT FROM {{.Table}} AS t WHERE {{range $i, $k := .Key}}{{if $i}} AND {{end}}t.{{.Name}} = s.{{.Name}}{{end}});
		DELETE FROM {{.LeftOut}} AS s
		WHERE NOT EXISTS (SELECT FROM {{.Table}} AS t WHERE {{range $i, $k := .Key}}{{if $i}} AND {{end}}t.{{.Name}} = s.{{.Name}}{{end}});
		done := true;
	END IF;
	complete := done;
	UPDATE {{.Control}} AS c SET complete = backfill.done, position = backfill.last WHERE c.name = {{literal .TableName}};
END
$annex$;
REVOKE ALL ON FUNCTION {{.Backfill}} FROM PUBLIC;

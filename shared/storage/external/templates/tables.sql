-- What the columns of {{.Table}} don't hold of its objects. A row of it is only written by who has the lock of annex_meta.
CREATE TABLE IF NOT EXISTS {{.Metadata}} (
{{- range .Key}}
	{{.Name}} {{.Type}} NOT NULL,
{{- end}}
	object_key        text COLLATE "C" NOT NULL UNIQUE, -- in annex_current
	object_uid        text NOT NULL,
	object_created    timestamptz NOT NULL,
	object_generation bigint NOT NULL,
	object_metadata   jsonb NOT NULL, -- labels, annotations, finalizers, ...
	object_rest       jsonb NOT NULL, -- the fields that no column holds
	PRIMARY KEY ({{names .Key}})
);

-- The rows that are no objects, and why.
CREATE TABLE IF NOT EXISTS {{.LeftOut}} (
{{- range .Key}}
	{{.Name}} {{.Type}} NOT NULL,
{{- end}}
	object_key text COLLATE "C", -- that it would have, if it can have one
	reason     text NOT NULL,    -- in a word: Name, Namespace, Value, Duplicate
	problem    text NOT NULL,
	since      timestamptz NOT NULL DEFAULT clock_timestamp(),
	PRIMARY KEY ({{names .Key}})
);
CREATE INDEX IF NOT EXISTS {{.LeftOutIndex}} ON {{.LeftOut}} (object_key) WHERE object_key IS NOT NULL;

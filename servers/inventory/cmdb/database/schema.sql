CREATE SCHEMA cmdb;

CREATE TABLE cmdb.sites (
    code varchar(10) PRIMARY KEY,
    city text NOT NULL
);

CREATE TABLE cmdb.machines (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    team         varchar(63) NOT NULL,
    hostname     varchar(63) NOT NULL,
    asset_tag    varchar(20) UNIQUE,
    site_code    varchar(10) NOT NULL REFERENCES cmdb.sites,
    rack         varchar(20),
    rack_unit    smallint CHECK (rack_unit BETWEEN 1 AND 48),
    cores        integer NOT NULL CHECK (cores > 0),
    memory_mib   bigint NOT NULL CHECK (memory_mib > 0),
    lifecycle    text NOT NULL DEFAULT 'ordered' CHECK (lifecycle IN ('ordered', 'in_service', 'maintenance', 'retired', 'lost')),
    purchased_on date,
    monthly_cost numeric(10,2) CHECK (monthly_cost >= 0),
    last_seen    timestamptz,
    contract     text,
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (team, hostname),
    CONSTRAINT machines_place UNIQUE (site_code, rack, rack_unit),
    CONSTRAINT machines_unit_in_rack CHECK (rack_unit IS NULL OR rack IS NOT NULL)
);

-- Reports ask for what has changed since.
CREATE FUNCTION cmdb.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER machines_touch BEFORE UPDATE ON cmdb.machines FOR EACH ROW EXECUTE FUNCTION cmdb.touch();

INSERT INTO cmdb.sites VALUES ('ams1', 'Amsterdam'), ('fra1', 'Frankfurt'), ('lon1', 'London');

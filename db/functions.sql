-- The rules of time and place, each written once: search, availability and booking call the same functions.
-- `fallow migrate` runs this file whenever it has changed. Functions that return a table are inlined by the
-- planner, which is why single values come as tables of one row.
-- Arguments: `at` is the request's now; a period is [starts, ends); `booker` is null where nobody is named.

DROP SCHEMA IF EXISTS rules CASCADE;
CREATE SCHEMA rules;

-- Time ---------------------------------------------------------------------------------------------------------

-- A wall-clock time as an instant: the first of two, and where there is none, as much after the gap.
-- Equal to domain/time.py. (AT TIME ZONE alone takes the second of two. Where the clock showed the same 24 hours before,
-- there is but one.)
CREATE FUNCTION rules.instant(wall timestamp, zone text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  late CONSTANT timestamptz := wall AT TIME ZONE zone;
  day_before CONSTANT timestamp := (late - interval '24 hours') AT TIME ZONE zone;
  early timestamptz;
BEGIN
  IF day_before = wall - interval '24 hours' THEN
    RETURN late;
  END IF;
  early := (wall - (day_before - ((late - interval '24 hours') AT TIME ZONE 'UTC'))) AT TIME ZONE 'UTC';
  RETURN CASE WHEN early AT TIME ZONE zone = wall THEN early ELSE late END;
END $$;

-- Whether an instant lies on a step of its local day; one moved out of a gap also where it was before.
CREATE FUNCTION rules.on_step(moment timestamptz, zone text, step_minutes int) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  wall timestamp := moment AT TIME ZONE zone;
  unmoved timestamp;
BEGIN
  IF extract(epoch FROM wall::time) % (60 * step_minutes) = 0 THEN
    RETURN true;
  END IF;
  unmoved := (moment AT TIME ZONE 'UTC')
    + (((moment - interval '24 hours') AT TIME ZONE zone) - ((moment - interval '24 hours') AT TIME ZONE 'UTC'));
  RETURN unmoved <> wall AND rules.instant(unmoved, zone) = moment
    AND extract(epoch FROM unmoved::time) % (60 * step_minutes) = 0;
END $$;

-- By how much the clocks change from a day before a moment to a day after it, either way.
CREATE FUNCTION rules.change(zone text, moment timestamptz) RETURNS interval
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  change CONSTANT interval := ((moment + interval '24 hours') AT TIME ZONE zone)
    - ((moment - interval '24 hours') AT TIME ZONE zone) - interval '48 hours';
BEGIN
  RETURN greatest(change, -change);
END $$;

-- What the clock on the wall shows, except that a day whose midnight lies in a gap begins at midnight nevertheless.
CREATE FUNCTION rules.clock(moment timestamptz, zone text) RETURNS timestamp
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  wall timestamp := moment AT TIME ZONE zone;
BEGIN
  RETURN CASE WHEN wall - ((moment - interval '24 hours') AT TIME ZONE zone) <> interval '24 hours'
               AND rules.instant(wall::date, zone) = moment THEN wall::date ELSE wall END;
END $$;

-- Elapsed minutes, except that from a wall-clock time to the same on a later date each day counts as a day.
CREATE FUNCTION rules.minutes(starts timestamptz, ends timestamptz, zone text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  one timestamp := rules.clock(starts, zone);
  other timestamp := rules.clock(ends, zone);
BEGIN
  RETURN CASE WHEN one::time = other::time AND one < other THEN 1440 * (other::date - one::date)
              ELSE extract(epoch FROM ends - starts) / 60 END;
END $$;

-- The most minutes that a booking within a period counts: a whole day that lasts 23 hours is one of 24.
CREATE FUNCTION rules.room(starts timestamptz, ends timestamptz, zone text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  one timestamp := rules.clock(starts, zone);
  days int := rules.clock(ends, zone)::date - one::date;
BEGIN
  IF rules.instant(one + make_interval(days => days), zone) > ends THEN
    days := days - 1;
  END IF;
  RETURN greatest(1440 * days, rules.minutes(starts, ends, zone));
END $$;

-- A period and the same wall-clock period in the weeks after it. Equal to domain/time.py.
CREATE FUNCTION rules.repeats(starts timestamptz, ends timestamptz, zone text, weeks int)
RETURNS TABLE (n int, starts_at timestamptz, ends_at timestamptz)
LANGUAGE sql IMMUTABLE AS $$
  SELECT w.n, p.starts_at,
         CASE WHEN w.n = 0 THEN ends
              WHEN wall_ends <= wall_starts THEN p.starts_at + (ends - starts)
              WHEN p.starts_at AT TIME ZONE zone <> w.wall THEN p.starts_at + (wall_ends - wall_starts)
              ELSE rules.instant(wall_ends + make_interval(days => 7 * w.n), zone) END
    FROM (SELECT starts AT TIME ZONE zone AS wall_starts, ends AT TIME ZONE zone AS wall_ends) l
   CROSS JOIN LATERAL (SELECT n, wall_starts + make_interval(days => 7 * n) AS wall
                         FROM generate_series(0, weeks - 1) n) w
   CROSS JOIN LATERAL (SELECT CASE WHEN w.n = 0 THEN starts ELSE rules.instant(w.wall, zone) END AS starts_at) p
$$;

-- States -------------------------------------------------------------------------------------------------------

-- When an occurrence has last become something else by itself that nobody has written down yet: a hold or a request
-- that ended, a request that nobody decided on in time and which is approved then, or what nobody has checked in to.
-- Null: it is as it stands.
CREATE FUNCTION rules.unswept(c occurrences, at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN c.state IN ('confirmed', 'pending') AND c.check_in_by <= at THEN c.check_in_by
              WHEN c.state IN ('held', 'pending') AND least(c.held_until, c.approved_from) <= at
              THEN least(c.held_until, c.approved_from) END
$$;

-- How often an occurrence has changed, swept or not. (One that was approved by itself may be a no-show since.)
CREATE FUNCTION rules.sequence(c occurrences, at timestamptz) RETURNS int
LANGUAGE sql IMMUTABLE AS $$
  SELECT c.sequence
         + CASE WHEN c.state IN ('held', 'pending') AND least(c.held_until, c.approved_from) <= at THEN 1 ELSE 0 END
         + CASE WHEN c.state IN ('confirmed', 'pending') AND c.check_in_by <= at THEN 1 ELSE 0 END
$$;

-- What an occurrence is at a moment, swept or not.
CREATE FUNCTION rules.state(c occurrences, at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN c.held_until <= at AND c.state = 'held' THEN 'expired'
              WHEN c.held_until <= at AND c.state = 'pending' THEN 'lapsed'
              WHEN c.check_in_by <= at AND c.state IN ('confirmed', 'pending') THEN 'no_show'
              WHEN c.ends_at <= at AND (c.state IN ('confirmed', 'checked_in') OR c.state = 'pending' AND c.approved_from <= at)
              THEN 'completed'
              WHEN c.state = 'pending' AND c.approved_from <= at THEN 'confirmed'
              ELSE c.state END
$$;

-- Hours --------------------------------------------------------------------------------------------------------

-- When a timetable is open around a span: the union of the hours of each date from the day before, in minutes
-- from the first of them, turned into instants. (24 hours before the span lie two dates before it where one was
-- left out, as in Apia.) Seasons, exceptions and holidays are each read once, not for every date: what is usual but for
-- the `days` that have other hours, and the `spans` of those.
CREATE FUNCTION rules.opened(owner uuid, timetable uuid, zone text, since timestamptz, until timestamptz)
RETURNS TABLE (hours tstzmultirange)
LANGUAGE sql STABLE AS $$
  SELECT coalesce(range_agg(tstzrange(i.opens, i.closes)) FILTER (WHERE i.opens < i.closes), '{}')
    FROM (SELECT least((since AT TIME ZONE zone)::date - 1, ((since - interval '24 hours') AT TIME ZONE zone)::date) AS first,
                 (until AT TIME ZONE zone)::date AS last) d
    JOIN timetables t ON t.id = timetable AND t.owner_id = owner
   CROSS JOIN LATERAL (
         SELECT coalesce(range_agg(int4range(1440 * o.n, 1440 * o.n + 1440)), '{}') AS days,
                coalesce(range_agg(int4range(1440 * o.n + lower(span), 1440 * o.n + upper(span)))
                         FILTER (WHERE span IS NOT NULL), '{}') AS spans
           FROM (SELECT e.on_date - d.first AS n, e.hours FROM exceptions e
                  WHERE e.timetable_id = t.id AND e.owner_id = t.owner_id AND e.on_date BETWEEN d.first AND d.last
                  UNION ALL
                 SELECT h.on_date - d.first, t.holidays_hours FROM public_holidays h
                  WHERE t.holidays_hours IS NOT NULL AND h.region = t.holidays_region AND h.on_date BETWEEN d.first AND d.last
                    AND NOT EXISTS (SELECT FROM exceptions e
                                     WHERE e.timetable_id = t.id AND e.owner_id = t.owner_id AND e.on_date = h.on_date
                                       AND e.on_date BETWEEN d.first AND d.last)
                    AND (t.always OR EXISTS (SELECT FROM seasons s
                          WHERE s.timetable_id = t.id AND s.owner_id = t.owner_id AND s.dates @> h.on_date))) o
           LEFT JOIN LATERAL unnest(o.hours) span ON true) other
   CROSS JOIN LATERAL (
         SELECT CASE WHEN t.always THEN int4multirange(int4range(0, 1440 * (d.last - d.first + 1))) - other.days
                     ELSE coalesce((
                       SELECT range_agg(int4range(1440 * n + lower(span), 1440 * n + upper(span)))
                         FROM seasons s
                        CROSS JOIN LATERAL (SELECT date_trunc('week', lower(s.dates)::timestamp)::date - d.first AS monday) m
                        CROSS JOIN LATERAL generate_series(greatest(lower(s.dates) - d.first, 0),
                                                           least(coalesce(upper(s.dates) - 1, d.last), d.last) - d.first) n
                        CROSS JOIN LATERAL unnest(s.days[1 + (n - m.monday) % (7 * s.cycle_weeks)]) span
                        WHERE s.timetable_id = t.id AND s.owner_id = t.owner_id AND s.dates && daterange(d.first, d.last, '[]')
                          AND NOT other.days @> 1440 * n), '{}') END + other.spans AS walls) w
   CROSS JOIN LATERAL unnest(w.walls) wall
   CROSS JOIN LATERAL (SELECT rules.instant(d.first + make_interval(mins => lower(wall)), zone) AS opens,
                              rules.instant(d.first + make_interval(mins => upper(wall)), zone) AS closes OFFSET 0) i
$$;

-- Which ends of a period the hours apply to: the timetable's word, else the usual one of the asset's kind.
CREATE FUNCTION rules.applies_to(a assets) RETURNS TABLE (applies_to text)
LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT t.applies_to FROM timetables t WHERE t.id = a.timetable_id AND t.owner_id = a.owner_id),
                  CASE WHEN a.kind IN ('space', 'people') THEN 'whole_period' ELSE 'start_and_end' END)
$$;

-- Closures that touch a span: of the asset, of the wholes around it and the parts in it, of its site.
CREATE FUNCTION rules.shut(a assets, since timestamptz, until timestamptz)
RETURNS TABLE (closure_id uuid, during tstzrange)
LANGUAGE sql STABLE AS $$
  SELECT c.id, c.during FROM closures c
   WHERE c.owner_id = a.owner_id AND c.site_id = a.site_id AND c.during && tstzrange(since, until)
   UNION ALL
  SELECT c.id, c.during FROM parts p JOIN closures c ON c.owner_id = p.owner_id AND c.asset_id = p.part_id
   WHERE p.owner_id = a.owner_id AND p.whole_id = a.id AND c.during && tstzrange(since, until)
   UNION ALL
  SELECT c.id, c.during FROM parts p JOIN closures c ON c.owner_id = p.owner_id AND c.asset_id = p.whole_id
   WHERE p.owner_id = a.owner_id AND p.part_id = a.id AND p.whole_id <> a.id AND c.during && tstzrange(since, until)
$$;

-- Whether a period lies within the hours, as far as they apply to it, and touches no closure. (A long one is tried
-- on its first day before each of its days is looked up.)
CREATE FUNCTION rules.open_throughout(a assets, starts timestamptz, ends timestamptz)
RETURNS TABLE (open boolean)
LANGUAGE sql STABLE AS $$
  SELECT coalesce(CASE WHEN (SELECT t.applies_to FROM rules.applies_to(a) t) = 'whole_period'
              THEN CASE WHEN ends > starts + interval '48 hours'
                    AND NOT (SELECT o.hours @> tstzrange(starts, starts + interval '24 hours')
                               FROM rules.opened(a.owner_id, a.timetable_id, a.timezone, starts, starts + interval '24 hours') o)
                   THEN false
                   ELSE (SELECT o.hours @> tstzrange(starts, ends)
                           FROM rules.opened(a.owner_id, a.timetable_id, a.timezone, starts, ends) o) END
              ELSE (SELECT o.hours @> starts
                      FROM rules.opened(a.owner_id, a.timetable_id, a.timezone, starts, starts) o)
               AND (SELECT o.hours @> ends OR EXISTS (SELECT FROM unnest(o.hours) h WHERE upper(h) = ends)
                      FROM rules.opened(a.owner_id, a.timetable_id, a.timezone, ends, ends) o) END, false)
     AND NOT EXISTS (SELECT FROM rules.shut(a, starts, ends))
$$;

-- What to say where a period is not open: the first closure that it touches, else the hours nearest to its start.
CREATE FUNCTION rules.opening_near(a assets, starts timestamptz, ends timestamptz) RETURNS TABLE (numbers jsonb)
LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT jsonb_build_object('closure_starts_at', lower(c.during), 'closure_ends_at', upper(c.during))
       FROM rules.shut(a, starts, ends) c ORDER BY c.during LIMIT 1),
    (SELECT jsonb_build_object('opens_at', lower(h), 'closes_at', upper(h))
       FROM rules.opened(a.owner_id, a.timetable_id, a.timezone, starts - interval '24 hours', starts + interval '24 hours') o,
            unnest(o.hours) h
      ORDER BY greatest(lower(h) - starts, starts - upper(h), interval '0'), h LIMIT 1),
    '{}')
$$;

-- Occupancy ----------------------------------------------------------------------------------------------------

-- What a period takes of an asset, its turnaround included.
CREATE FUNCTION rules.span(a assets, starts timestamptz, ends timestamptz) RETURNS tstzrange
LANGUAGE sql STABLE AS $$
  SELECT tstzrange(starts - make_interval(mins => a.turnaround_before_minutes),
                   ends + make_interval(mins => a.turnaround_after_minutes))
$$;

-- The periods of an asset whose spans meet one are those that touch this.
CREATE FUNCTION rules.reach(a assets, during tstzrange) RETURNS tstzrange
LANGUAGE sql STABLE AS $$
  SELECT tstzrange(lower(during) - make_interval(mins => a.turnaround_after_minutes),
                   upper(during) + make_interval(mins => a.turnaround_before_minutes))
$$;

-- An asset, the wholes around it and the parts in it: what cannot be had while it is.
CREATE FUNCTION rules.whole_and_parts(owner uuid, asset uuid) RETURNS TABLE (asset_id uuid)
LANGUAGE sql STABLE AS $$
  SELECT p.part_id FROM parts p WHERE p.owner_id = owner AND p.whole_id = asset
   UNION
  SELECT p.whole_id FROM parts p WHERE p.owner_id = owner AND p.part_id = asset
$$;

-- Whether anybody is in line for any of them.
CREATE FUNCTION rules.waited_for(owner uuid, asset uuid, at timestamptz) RETURNS TABLE (waited_for boolean)
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM waiting_places p
     WHERE p.owner_id = owner AND NOT p.ended AND lower(p.period) > at
       AND p.asset_id IN (SELECT r.asset_id FROM rules.whole_and_parts(owner, asset) r))
$$;

-- What occupies units of one asset within a span; lapsed holds do not.
CREATE FUNCTION rules.occupying(owner uuid, asset uuid, during tstzrange, at timestamptz)
RETURNS TABLE (unit int, occupied tstzrange, occurrence_id uuid)
LANGUAGE sql STABLE AS $$
  SELECT o.unit, o.occupied, o.occurrence_id FROM occupancies o
   WHERE o.owner_id = owner AND o.asset_id = asset AND o.occupied && during AND (o.held_until IS NULL OR o.held_until > at)
$$;

-- The same of an asset and all its parts.
CREATE FUNCTION rules.occupants(a assets, during tstzrange, at timestamptz)
RETURNS TABLE (asset_id uuid, unit int, occupied tstzrange, occurrence_id uuid)
LANGUAGE sql STABLE AS $$
  SELECT p.part_id, o.unit, o.occupied, o.occurrence_id
    FROM parts p CROSS JOIN LATERAL rules.occupying(p.owner_id, p.part_id, during, at) o
   WHERE p.owner_id = a.owner_id AND p.whole_id = a.id
$$;

CREATE TYPE rules.occupant AS (occupied tstzrange, asset_id uuid);

-- The first of them, and the asset that was booked: the asset itself, a whole around it or a part in it.
CREATE FUNCTION rules.in_the_way(a assets, during tstzrange, at timestamptz)
RETURNS TABLE (occupied tstzrange, asset_id uuid)
LANGUAGE sql STABLE AS $$
  SELECT o.occupied, coalesce(c.asset_id, o.asset_id)
    FROM (SELECT * FROM rules.occupants(a, during, at) ORDER BY occupied, asset_id LIMIT 1) o
    LEFT JOIN occurrences c ON c.owner_id = a.owner_id AND c.id = o.occurrence_id
$$;

-- What occupies the first unit of an asset itself within a span, at the end of it: as occupancies of one unit never overlap,
-- the last that starts before the span ends, or nothing. (Rows are compared as only the b-tree can: with plain conditions the
-- planner reads all that ever occupied the unit from the constraint's index, and sorts it.)
CREATE FUNCTION rules.sole_occupant(a assets, during tstzrange, at timestamptz) RETURNS TABLE (occupied tstzrange)
LANGUAGE sql STABLE AS $$
  SELECT last.occupied
    FROM (SELECT o.occupied FROM occupancies o
           WHERE (o.owner_id, o.asset_id, o.unit) >= (a.owner_id, a.id, 1)
             AND (o.owner_id, o.asset_id, o.unit, lower(o.occupied)) < (a.owner_id, a.id, 1, upper(during))
             AND (o.held_until IS NULL OR o.held_until > at)
           ORDER BY o.owner_id DESC, o.asset_id DESC, o.unit DESC, lower(o.occupied) DESC LIMIT 1) last
   WHERE last.occupied && during
$$;

-- The least number of units that are free at any moment of a span. A single unit is free when nothing occupies it or a
-- part of it then. Several units: a running sum over what overlaps, as many units at once as are taken for one
-- and the same time; and what has begun is not moved, so a unit on which any of it lies within the span is not free,
-- whether or not it is over (of a span still to come the running sum begins with all of it).
CREATE FUNCTION rules.units_free(a assets, during tstzrange, at timestamptz)
RETURNS TABLE (units_free int)
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN a.units = 1 THEN (
           NOT EXISTS (SELECT FROM rules.sole_occupant(a, during, at))
           AND NOT EXISTS (SELECT FROM parts p CROSS JOIN LATERAL rules.occupying(p.owner_id, p.part_id, during, at)
                            WHERE p.owner_id = a.owner_id AND p.whole_id = a.id AND p.part_id <> a.id))::int
         ELSE a.units - greatest(
           (SELECT max(running)
              FROM (SELECT sum(change * o.taken) OVER (ORDER BY moment, change) AS running
                      FROM (SELECT o.occupied, count(*) AS taken
                              FROM rules.occupying(a.owner_id, a.id, during, at) o GROUP BY o.occupied) o,
                   LATERAL (VALUES (greatest(lower(o.occupied), lower(during)), 1), (upper(o.occupied), -1)) m (moment, change)) r),
           CASE WHEN lower(during) < at THEN
           (SELECT count(DISTINCT o.unit) FROM rules.occupying(a.owner_id, a.id, during, at) o
             WHERE lower(o.occupied) <= at) ELSE 0 END)::int END
  OFFSET 0
$$;

-- Whether fewer units than wanted are surely free in a span, by as much of units_free as costs little: of a single unit not
-- what occupies its parts. Asked first, it spares a search all other rules where everything is taken.
CREATE FUNCTION rules.surely_taken(a assets, during tstzrange, wanted int, at timestamptz) RETURNS TABLE (taken boolean)
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN a.units = 1 THEN EXISTS (SELECT FROM rules.sole_occupant(a, during, at))
              ELSE (SELECT f.units_free < wanted FROM rules.units_free(a, during, at) f) END
$$;

-- Whether an asset can be had at all and is enough, whatever the time: rules of every booking and every search.
CREATE FUNCTION rules.fit(a assets, wanted int, attending int) RETURNS TABLE (code text, passed boolean, numbers jsonb)
LANGUAGE sql STABLE AS $$
  SELECT 'not_listed', a.state = 'listed'
         AND NOT EXISTS (SELECT FROM organisations o WHERE o.id = a.owner_id AND o.state IN ('suspended', 'closed')), '{}'::jsonb
   UNION ALL
  SELECT 'too_few_units', wanted <= a.units, jsonb_build_object('units', a.units, 'units_wanted', wanted)
   UNION ALL
  SELECT 'too_small', coalesce(attending <= a.capacity::bigint * wanted, true),
         jsonb_strip_nulls(jsonb_build_object('capacity', a.capacity::bigint * wanted, 'attendees', attending))
$$;

-- Whether a booker may book here at all. One not verified yet may where the owner approves each booking, one at a time.
CREATE FUNCTION rules.admitted(a assets, booker uuid, at timestamptz) RETURNS TABLE (code text, passed boolean, numbers jsonb)
LANGUAGE sql STABLE AS $$
  SELECT 'unverified', o.state = 'verified' OR a.approval, '{}'::jsonb FROM organisations o WHERE o.id = booker
   UNION ALL
  SELECT 'limit_reached', n.open < 1, jsonb_build_object('open_bookings', n.open, 'most_open_bookings', 1)
    FROM organisations o
   CROSS JOIN LATERAL (
         SELECT count(DISTINCT c.booking_id) AS open FROM occurrences c
          WHERE c.owner_id = a.owner_id AND c.booker_id = booker AND c.ends_at > at
            AND rules.state(c, at) IN ('held', 'pending', 'confirmed', 'checked_in')) n
   WHERE o.id = booker AND o.state <> 'verified' AND a.approval
$$;

-- What speaks against one more hold: three of the booker's with this owner are open, or one of them on this asset and
-- for some of the same time ended by itself less than half an hour ago.
CREATE FUNCTION rules.hoarded(a assets, starts timestamptz, ends timestamptz, booker uuid, at timestamptz)
RETURNS TABLE (code text, numbers jsonb, asset_id uuid)
LANGUAGE sql STABLE AS $$
  SELECT 'limit_reached', jsonb_build_object('open_holds', h.open, 'most_open_holds', 3), NULL::uuid
    FROM (SELECT count(DISTINCT c.booking_id) AS open FROM occurrences c
           WHERE c.owner_id = a.owner_id AND c.booker_id = booker AND c.state = 'held' AND c.held_until > at) h
   WHERE h.open >= 3
   UNION ALL
  SELECT 'limit_reached', jsonb_build_object('hold_again_from', h.again), NULL
    FROM (SELECT max(c.held_until) + interval '30 minutes' AS again FROM occurrences c
           WHERE c.owner_id = a.owner_id AND c.booker_id = booker AND c.state IN ('held', 'expired')
             AND c.held_until <= at AND c.held_until > at - interval '30 minutes'
             AND c.asset_id = a.id AND c.starts_at < ends AND c.ends_at > starts) h
   WHERE h.again IS NOT NULL
$$;

-- Limits -------------------------------------------------------------------------------------------------------

-- A limit that counts for a booker, or an asset's allowance, which has no id.
CREATE TYPE rules.cap AS (
  id uuid, asset_id uuid, category text, counts text, every text, starts_on date, ends_on date, openings int4multirange,
  most int);

-- What caps a booking of an asset: its allowance, and its owner's limits, but for the owner's own bookings. (PL/pgSQL, here
-- and below, keeps its plans.)
CREATE FUNCTION rules.caps(a assets, booker uuid) RETURNS rules.cap[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
  allowance CONSTANT rules.cap[] := CASE WHEN a.allowance IS NULL THEN '{}' ELSE ARRAY[ROW(
    NULL, a.id, NULL, 'minutes', a.allowance->>'every', NULL, NULL, NULL, (a.allowance->>'minutes')::int)::rules.cap] END;
BEGIN
  RETURN allowance || ARRAY(
    SELECT ROW(l.id, l.asset_id, l.category, l.counts, l.every, l.starts_on, l.ends_on, l.openings, l.most)::rules.cap
      FROM limits l
     WHERE l.owner_id = a.owner_id AND booker <> a.owner_id AND coalesce(l.asset_id = a.id, true)
       AND coalesce(l.category = a.category, true)
       AND (l.booker_kinds = '{}' OR (SELECT o.kind FROM organisations o WHERE o.id = booker) = ANY(l.booker_kinds))
     ORDER BY l.id);
END $$;

-- When weekly openings are, of a span, by a site's clock. Openings are of the week from a Monday on; what is Sunday's may
-- reach into the next.
CREATE FUNCTION rules.open_in(openings int4multirange, during tstzrange, zone text) RETURNS tstzmultirange
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  first CONSTANT timestamp := lower(during) AT TIME ZONE zone;
  last CONSTANT timestamp := upper(during) AT TIME ZONE zone;
BEGIN
  RETURN (
    SELECT coalesce(range_agg(tstzrange(o.opens, o.closes)), '{}') * tstzmultirange(during)
      FROM generate_series(date_trunc('week', first) - interval '7 days', last, '7 days') monday
     CROSS JOIN LATERAL unnest(openings) opening
     CROSS JOIN LATERAL (SELECT rules.instant(monday + make_interval(mins => lower(opening)), zone) AS opens,
                                rules.instant(monday + make_interval(mins => upper(opening)), zone) AS closes
                           WHERE monday + make_interval(mins => lower(opening)) <= greatest(first, last)
                             AND monday + make_interval(mins => upper(opening)) >= least(first, last)
                          OFFSET 0) o
     WHERE o.opens < o.closes);
END $$;

-- How the minutes of a period fall into the weeks, months or the season of a cap, by a site's clock: when each begins and
-- the next does, and how many lie in it and, where it has openings, in these.
CREATE FUNCTION rules.spread(c rules.cap, starts timestamptz, ends timestamptz, zone text)
RETURNS TABLE (since timestamp, until timestamp, minutes numeric) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  first CONSTANT timestamp := starts AT TIME ZONE zone;
  last CONSTANT timestamp := (ends - interval '1 microsecond') AT TIME ZONE zone;
  during tstzrange;
BEGIN
  since := coalesce(c.starts_on, date_trunc(c.every, first));
  WHILE since <= greatest(first, last) LOOP
    until := coalesce(c.ends_on + 1, since + ('1 ' || c.every)::interval);
    during := tstzrange(starts, ends);
    IF first < since OR last >= until THEN
      during := during * tstzrange(rules.instant(since, zone), rules.instant(until, zone));
    END IF;
    minutes := CASE WHEN c.openings IS NULL THEN extract(epoch FROM upper(during) - lower(during)) / 60
                    WHEN NOT isempty(during) THEN (
                      SELECT sum(extract(epoch FROM upper(o) - lower(o))) / 60
                        FROM unnest(rules.open_in(c.openings, during, zone)) o) END;
    IF minutes > 0 THEN RETURN NEXT; END IF;
    EXIT WHEN c.starts_on IS NOT NULL;
    since := until;
  END LOOP;
END $$;

-- What of some caps is used, of their weeks, months and seasons that a span touches, `besides` some occurrences: by the
-- place of the cap, and for minutes by when that week, month or season begins. Of an allowance by everybody, offers
-- included; what nobody turned up to and what was given back are not used of it.
CREATE FUNCTION rules.counted(
  a assets, caps rules.cap[], booker uuid, since timestamptz, until timestamptz, besides uuid[], at timestamptz
) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  -- Some days more, as sites elsewhere have other clocks.
  los timestamptz[];
  his timestamptz[];
  used jsonb := '{}';
BEGIN
  IF caps = '{}' THEN RETURN used; END IF;
  FOR n IN 1 .. cardinality(caps) LOOP
    los[n] := coalesce((caps[n]).starts_on, date_trunc((caps[n]).every, since AT TIME ZONE 'UTC' - interval '2 days'))
              AT TIME ZONE 'UTC' - interval '2 days';
    his[n] := coalesce((caps[n]).ends_on, date_trunc((caps[n]).every, until AT TIME ZONE 'UTC' + interval '2 days')
                                          + ('1 ' || (caps[n]).every)::interval) AT TIME ZONE 'UTC' + interval '2 days';
    IF (caps[n]).counts = 'open_bookings' THEN
      used := used || (
        SELECT jsonb_build_object(n::text, count(*), n || ' ends', jsonb_agg(b.ends_at ORDER BY b.ends_at))
          FROM (SELECT max(c.ends_at) AS ends_at
                  FROM occurrences c
                  JOIN assets x ON x.id = c.asset_id AND x.owner_id = c.owner_id
                 WHERE c.owner_id = a.owner_id AND c.booker_id = booker AND c.ends_at > at
                   AND c.state IN ('held', 'pending', 'confirmed', 'checked_in')
                   AND rules.state(c, at) IN ('held', 'pending', 'confirmed', 'checked_in')
                   AND coalesce(c.asset_id = (caps[n]).asset_id, true) AND coalesce(x.category = (caps[n]).category, true)
                 GROUP BY c.booking_id) b);
    END IF;
  END LOOP;
  IF (caps[1]).id IS NULL THEN
    used := used || coalesce((
      SELECT jsonb_object_agg('1 ' || m.since, m.minutes)
        FROM (SELECT s.since, sum(c.units * s.minutes) AS minutes
                FROM occurrences c
               CROSS JOIN LATERAL rules.spread(caps[1], c.starts_at, c.ends_at, a.timezone) s
               WHERE c.owner_id = a.owner_id AND c.asset_id = a.id AND c.starts_at > los[1] - interval '366 days'
                 AND c.starts_at < his[1] AND c.ends_at > los[1] AND c.id <> ALL(besides)
                 AND rules.state(c, at) IN ('held', 'pending', 'confirmed', 'checked_in', 'completed')
               GROUP BY s.since) m), '{}');
  END IF;
  IF (SELECT bool_or(c.id IS NOT NULL AND c.counts = 'minutes') FROM unnest(caps) c) THEN
    used := used || coalesce((
      SELECT jsonb_object_agg(m.n || ' ' || m.since, m.minutes)
        FROM (SELECT n, s.since, sum(c.units * s.minutes) AS minutes
                FROM occurrences c
                JOIN assets x ON x.id = c.asset_id AND x.owner_id = c.owner_id
               CROSS JOIN LATERAL generate_subscripts(caps, 1) n
               CROSS JOIN LATERAL rules.spread(caps[n], c.starts_at, c.ends_at, x.timezone) s
               WHERE c.owner_id = a.owner_id AND c.booker_id = booker AND c.id <> ALL(besides)
                 AND c.ends_at > (SELECT min(lo) FROM unnest(los) lo) AND c.starts_at < (SELECT max(hi) FROM unnest(his) hi)
                 AND (c.state IN ('held', 'pending', 'confirmed', 'checked_in', 'completed', 'no_show')
                      OR c.state = 'cancelled' AND c.cancelled_late)
                 AND rules.state(c, at) IN ('held', 'pending', 'confirmed', 'checked_in', 'completed', 'no_show', 'cancelled')
                 AND (caps[n]).id IS NOT NULL AND (caps[n]).counts = 'minutes' AND c.ends_at > los[n] AND c.starts_at < his[n]
                 AND coalesce(c.asset_id = (caps[n]).asset_id, true) AND coalesce(x.category = (caps[n]).category, true)
               GROUP BY n, s.since) m), '{}');
  END IF;
  RETURN used;
END $$;

-- Whether a period keeps within caps of which so much is used: for minutes each week, month or season that it touches.
-- Where more than that was used before what is asked for anew was taken off, as much may be used again.
CREATE FUNCTION rules.within(
  a assets, caps rules.cap[], used jsonb, before jsonb, starts timestamptz, ends timestamptz, wanted int, at timestamptz
) RETURNS TABLE (code text, passed boolean, numbers jsonb) LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN c.id IS NULL THEN 'allowance_used' ELSE 'limit_reached' END, k.passed,
         k.numbers || jsonb_strip_nulls(jsonb_build_object(
           'limit_id', c.id,
           'of', CASE WHEN c.asset_id IS NOT NULL THEN 'this asset' WHEN c.category IS NOT NULL THEN 'its category ' || c.category
                      ELSE 'all its assets' END))
    FROM unnest(caps) WITH ORDINALITY c (id, asset_id, category, counts, every, starts_on, ends_on, openings, most, n)
   CROSS JOIN LATERAL (
         SELECT u.minutes + s.minutes * wanted <= greatest(c.most, (before->>(c.n || ' ' || s.since))::numeric),
                jsonb_build_object(CASE WHEN c.openings IS NULL THEN 'most_minutes' ELSE 'most_prime_minutes' END, c.most,
                                   'every', coalesce(c.every, 'season'), 'minutes_used', ceil(u.minutes),
                                   'minutes_left', greatest(floor(c.most - u.minutes), 0),
                                   'minutes_wanted', ceil(s.minutes * wanted), 'frees_at', rules.instant(s.until, a.timezone))
           FROM rules.spread(caps[c.n], starts, ends, a.timezone) s
          CROSS JOIN LATERAL (SELECT coalesce((used->>(c.n || ' ' || s.since))::numeric, 0) AS minutes) u
          WHERE c.counts = 'minutes'
          UNION ALL
         SELECT u.open < c.most,
                jsonb_build_object('most_open_bookings', c.most, 'open_bookings', u.open)
                || CASE WHEN u.open < c.most OR c.most = 0 THEN '{}'
                        ELSE jsonb_build_object('frees_at', used->(c.n || ' ends')->(u.open - c.most)) END
           FROM (SELECT (used->>c.n::text)::int AS open) u
          WHERE c.counts = 'open_bookings'
          UNION ALL
         SELECT d.frees_at <= at,
                jsonb_build_object('most_days_ahead', c.most)
                || CASE WHEN d.frees_at <= at THEN '{}' ELSE jsonb_build_object('frees_at', d.frees_at) END
           FROM (SELECT starts - make_interval(hours => 24 * c.most) AS frees_at) d
          WHERE c.counts = 'days_ahead') k (passed, numbers)
$$;

-- What is used once periods are had.
CREATE FUNCTION rules.counted_with(a assets, caps rules.cap[], used jsonb, had tstzrange[], wanted int) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT used || coalesce(jsonb_object_agg(h.key, coalesce((used->>h.key)::numeric, 0) + h.minutes * wanted), '{}')
    FROM (SELECT n || ' ' || s.since AS key, sum(s.minutes) AS minutes
            FROM generate_subscripts(caps, 1) n
           CROSS JOIN LATERAL unnest(had) p
           CROSS JOIN LATERAL rules.spread(caps[n], lower(p), upper(p), a.timezone) s
           WHERE (caps[n]).counts = 'minutes'
           GROUP BY 1) h
$$;

-- When periods of a length may not start in a window, as they would go beyond caps of which so much is used, and when each is
-- to be tested by itself, as it meets more than one stretch of prime time. (To test each of thousands of starts takes seconds.)
CREATE FUNCTION rules.starts_beyond(
  caps rules.cap[], used jsonb, since timestamptz, until timestamptz, length interval, wanted int, zone text, at timestamptz,
  OUT never tstzmultirange, OUT perhaps tstzmultirange
) LANGUAGE plpgsql STABLE AS $$
DECLARE
  cap rules.cap;
  part record;
  counted tstzrange;
  stretch tstzrange;
  before timestamptz;
  remains interval;
BEGIN
  never := '{}'; perhaps := '{}';
  FOR n IN 1 .. cardinality(caps) LOOP
    cap := caps[n];
    IF cap.counts = 'open_bookings' AND (used->>n::text)::int >= cap.most THEN
      never := '{(,)}';
    ELSIF cap.counts = 'days_ahead' THEN
      never := never + tstzmultirange(tstzrange(at + make_interval(hours => 24 * cap.most), NULL, '()'));
    ELSIF cap.counts = 'minutes' THEN
      FOR part IN SELECT * FROM rules.spread(cap, since, until + length, zone) LOOP
        remains := greatest(cap.most - coalesce((used->>(n || ' ' || part.since))::numeric, 0), 0) / wanted * interval '1 minute';
        CONTINUE WHEN remains >= length;
        counted := tstzrange(rules.instant(part.since, zone), rules.instant(part.until, zone));
        before := NULL;
        FOR stretch IN SELECT s FROM unnest(CASE WHEN cap.openings IS NULL THEN tstzmultirange(counted)
                                                 ELSE rules.open_in(cap.openings, counted * tstzrange(since, until + length), zone)
                                            END) s ORDER BY s LOOP
          IF remains < upper(stretch) - lower(stretch) THEN
            never := never + tstzmultirange(tstzrange(lower(stretch) - length + remains, upper(stretch) - remains, '()'));
          END IF;
          IF before > lower(stretch) - length THEN
            perhaps := perhaps + tstzmultirange(tstzrange(lower(stretch) - length, before));
          END IF;
          before := upper(stretch);
        END LOOP;
      END LOOP;
    END IF;
  END LOOP;
END $$;

-- Whether periods keep within caps of an asset, each together with those before it that do, by their places. Those that fail
-- for another reason do not count for the others. Occurrences that are asked for `anew` have what they have no more; what of
-- them only gives back is had whatever the caps say (`given`), and starts that `stay` may be as far ahead as they are.
CREATE FUNCTION rules.within_limits(
  a assets, caps rules.cap[], starts timestamptz[], ends timestamptz[], wanted int[], failed int[], booker uuid, at timestamptz,
  anew uuid[] DEFAULT '{}', given int[] DEFAULT '{}', stay int[] DEFAULT '{}'
) RETURNS TABLE (n int, code text, passed boolean, numbers jsonb) LANGUAGE plpgsql STABLE AS $$
DECLARE
  since CONSTANT timestamptz := (SELECT min(s) FROM unnest(starts) s);
  until CONSTANT timestamptz := (SELECT max(e) FROM unnest(ends) e);
  used jsonb;
  before jsonb;
  good boolean;
BEGIN
  IF caps = '{}' THEN RETURN; END IF;
  used := rules.counted(a, caps, booker, since, until, anew, at);
  IF anew <> '{}' THEN
    before := rules.counted(a, caps, booker, since, until, '{}', at);
  END IF;
  FOREACH n IN ARRAY given LOOP
    used := rules.counted_with(a, caps, used, ARRAY[tstzrange(starts[n], ends[n])], wanted[n]);
  END LOOP;
  FOR place IN 1 .. cardinality(starts) LOOP
    CONTINUE WHEN place = ANY(given);
    n := place; good := place <> ALL(failed);
    FOR code, passed, numbers IN SELECT w.* FROM rules.within(a, caps, used, before, starts[n], ends[n], wanted[n], at) w LOOP
      CONTINUE WHEN place = ANY(stay) AND numbers ? 'most_days_ahead';
      good := good AND passed;
      RETURN NEXT;
    END LOOP;
    IF good AND place < cardinality(starts) THEN
      used := rules.counted_with(a, caps, used, ARRAY[tstzrange(starts[n], ends[n])], wanted[n]);
    END IF;
  END LOOP;
END $$;

-- Whether anything may cap bookings of an asset: mostly nothing does.
CREATE FUNCTION rules.capped(a assets, booker uuid) RETURNS TABLE (capped boolean)
LANGUAGE sql STABLE AS $$
  SELECT a.allowance IS NOT NULL
         OR booker IS NOT NULL AND booker <> a.owner_id AND EXISTS (SELECT FROM limits l WHERE l.owner_id = a.owner_id)
$$;

-- Booking ------------------------------------------------------------------------------------------------------

-- Every rule that a booking of one period must keep, but for what is counted of others, passed or not: cheap ones first, so
-- that asking whether any fails stops early. What depends on the booker is tested where one is named.
CREATE FUNCTION rules.uncounted(
  a assets, starts timestamptz, ends timestamptz, wanted int, attending int, booker uuid, at timestamptz
) RETURNS TABLE (code text, passed boolean, numbers jsonb, asset_id uuid)
LANGUAGE sql STABLE AS $$
  SELECT f.code, f.passed, f.numbers, NULL::uuid FROM rules.fit(a, wanted, attending) f
   UNION ALL
  SELECT 'too_few_attendees', coalesce(attending, 0) >= a.min_attendees,
         jsonb_build_object('min_attendees', a.min_attendees, 'attendees', coalesce(attending, 0)), NULL
   WHERE a.min_attendees IS NOT NULL
   UNION ALL
  SELECT 'in_the_past', starts >= at, '{}', NULL
   UNION ALL
  SELECT 'too_soon', starts < at OR starts >= at + make_interval(mins => a.notice_minutes),
         jsonb_build_object('notice_minutes', a.notice_minutes), NULL
   UNION ALL
  SELECT 'too_far_ahead', starts <= at + make_interval(hours => 24 * a.horizon_days),
         jsonb_build_object('horizon_days', a.horizon_days), NULL
   UNION ALL
  SELECT 'too_short', rules.minutes(starts, ends, a.timezone) >= a.shortest_minutes,
         jsonb_build_object('shortest_minutes', a.shortest_minutes,
                            'minutes', floor(rules.minutes(starts, ends, a.timezone))), NULL
   UNION ALL
  SELECT 'too_long', rules.minutes(starts, ends, a.timezone) <= a.longest_minutes,
         jsonb_build_object('longest_minutes', a.longest_minutes,
                            'minutes', ceil(rules.minutes(starts, ends, a.timezone))), NULL
   WHERE a.longest_minutes IS NOT NULL
   UNION ALL
  SELECT 'off_step', rules.on_step(starts, a.timezone, a.step_minutes) AND rules.on_step(ends, a.timezone, a.step_minutes),
         jsonb_build_object('step_minutes', a.step_minutes), NULL
   UNION ALL
  SELECT k.code, k.passed, k.numbers, NULL FROM rules.admitted(a, booker, at) k
   UNION ALL
  SELECT CASE WHEN h.requirement IS NULL THEN 'requirement_missing' ELSE 'requirement_expired' END,
         h.requirement IS NOT NULL AND coalesce(h.expires_on >= (starts AT TIME ZONE a.timezone)::date, true),
         jsonb_strip_nulls(jsonb_build_object('requirement', required, 'expires_on', h.expires_on)), NULL
    FROM unnest(a.requires) required
    LEFT JOIN holdings h ON h.organisation_id = booker AND h.requirement = required
   WHERE booker IS NOT NULL
   UNION ALL
  SELECT 'closed', o.open, CASE WHEN o.open THEN '{}' ELSE (SELECT n.numbers FROM rules.opening_near(a, starts, ends) n) END, NULL
    FROM rules.open_throughout(a, starts, ends) o
   UNION ALL
  SELECT 'taken', f.units_free >= wanted,
         jsonb_build_object('units', a.units, 'units_free', f.units_free, 'units_wanted', wanted,
                            'turnaround_before_minutes', a.turnaround_before_minutes,
                            'turnaround_after_minutes', a.turnaround_after_minutes)
           || CASE WHEN f.units_free >= wanted THEN '{}' ELSE
              jsonb_build_object('occupied_from', lower((s.first).occupied), 'occupied_until', upper((s.first).occupied)) END,
         (s.first).asset_id
    FROM rules.units_free(a, rules.span(a, starts, ends), at) f
   CROSS JOIN LATERAL (SELECT CASE WHEN f.units_free < wanted THEN
                              (SELECT ROW(w.*)::rules.occupant FROM rules.in_the_way(a, rules.span(a, starts, ends), at) w) END AS first
                       OFFSET 0) s
   WHERE wanted <= a.units
$$;

-- The same with what caps it: every rule.
CREATE FUNCTION rules.checks(
  a assets, starts timestamptz, ends timestamptz, wanted int, attending int, booker uuid, at timestamptz
) RETURNS TABLE (code text, passed boolean, numbers jsonb, asset_id uuid)
LANGUAGE sql STABLE AS $$
  SELECT k.* FROM rules.uncounted(a, starts, ends, wanted, attending, booker, at) k
   UNION ALL
  SELECT w.code, w.passed, w.numbers, NULL
    FROM (SELECT FROM rules.capped(a, booker) c WHERE c.capped OFFSET 0) c
   CROSS JOIN LATERAL rules.within_limits(
           a, rules.caps(a, booker), ARRAY[starts], ARRAY[ends], ARRAY[wanted], '{}', booker, at) w
$$;

-- What speaks against periods of one booking, by their places: each is counted together with those before it that can be had.
-- (OFFSET 0 keeps the planner from pulling the union up beside the asset's whole row, which PostgreSQL 15 answers with
-- "variable not found in subplan target list".)
CREATE FUNCTION rules.against(
  a assets, starts timestamptz[], ends timestamptz[], wanted int, attending int, booker uuid, at timestamptz
) RETURNS TABLE (n int, code text, numbers jsonb, asset_id uuid)
LANGUAGE sql STABLE AS $$
  WITH failed AS MATERIALIZED (
    SELECT p.n::int, k.code, k.numbers, k.asset_id
      FROM unnest(starts, ends) WITH ORDINALITY p (starts, ends, n)
     CROSS JOIN LATERAL (
           SELECT u.* FROM rules.uncounted(a, p.starts, p.ends, wanted, attending, booker, at) u WHERE NOT u.passed OFFSET 0) k)
  SELECT f.* FROM failed f
   UNION ALL
  SELECT w.n, w.code, w.numbers, NULL
    FROM (SELECT FROM rules.capped(a, booker) c WHERE c.capped OFFSET 0) c
   CROSS JOIN LATERAL rules.within_limits(a, rules.caps(a, booker), starts, ends, array_fill(wanted, ARRAY[cardinality(starts)]),
                                          ARRAY(SELECT f.n FROM failed f), booker, at) w
   WHERE NOT w.passed
$$;

-- Of one period. (OFFSET 0: as above.)
CREATE FUNCTION rules.why_not(
  a assets, starts timestamptz, ends timestamptz, wanted int, attending int, booker uuid, at timestamptz
) RETURNS TABLE (code text, numbers jsonb, asset_id uuid)
LANGUAGE sql STABLE AS $$
  SELECT k.code, k.numbers, k.asset_id FROM rules.checks(a, starts, ends, wanted, attending, booker, at) k
   WHERE NOT k.passed OFFSET 0
$$;

-- Availability -------------------------------------------------------------------------------------------------

-- How many units are occupied from each moment to the next, in order, as it is for a period still to come, for which
-- what has begun might as well have begun long ago (see units_free). Of a whole also the units of its parts count.
CREATE FUNCTION rules.busy(a assets, during tstzrange, at timestamptz)
RETURNS TABLE (since timestamptz, until timestamptz, units int)
LANGUAGE sql STABLE AS $$
  SELECT moment, lead(moment) OVER (ORDER BY moment), (sum(sum(change)) OVER (ORDER BY moment))::int
    FROM (SELECT o.asset_id, o.unit, CASE WHEN lower(o.occupied) > at THEN lower(o.occupied) ELSE '-infinity' END AS since,
                 max(upper(o.occupied)) AS until
            FROM rules.occupants(a, during, at) o GROUP BY 1, 2, 3) o,
         LATERAL (VALUES (since, 1), (until, -1)) m (moment, change)
   GROUP BY moment
$$;

-- When an asset is open in a window, closures taken off.
CREATE FUNCTION rules.open_hours(a assets, since timestamptz, until timestamptz)
RETURNS TABLE (hours tstzmultirange)
LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT o.hours FROM rules.opened(a.owner_id, a.timetable_id, a.timezone, since, until) o), '{}')
         * tstzmultirange(tstzrange(since, until))
         - coalesce((SELECT range_agg(c.during) FROM rules.shut(a, since, until) c), '{}')
$$;

-- The maximal periods of a window in which the wanted units can be had, turnaround taken off.
CREATE FUNCTION rules.free_periods(a assets, since timestamptz, until timestamptz, wanted int, at timestamptz)
RETURNS TABLE (starts_at timestamptz, ends_at timestamptz, units_free int)
LANGUAGE sql STABLE AS $$
  SELECT p.starts_at, p.ends_at, f.units_free
    FROM rules.open_hours(a, since, until) o
   CROSS JOIN LATERAL (
         SELECT coalesce(range_agg(tstzrange(b.since - make_interval(mins => a.turnaround_after_minutes),
                                             b.until + make_interval(mins => a.turnaround_before_minutes))), '{}') AS taken
           FROM rules.busy(a, rules.span(a, since, until), at) b WHERE b.units > a.units - wanted) t
   CROSS JOIN LATERAL (
         SELECT CASE WHEN (SELECT t.applies_to FROM rules.applies_to(a) t) = 'whole_period' THEN o.hours
                     WHEN isempty(o.hours) THEN '{}'
                     ELSE tstzmultirange(tstzrange(lower(o.hours), upper(o.hours)))
                          - coalesce((SELECT range_agg(c.during) FROM rules.shut(a, since, until) c), '{}') END AS usable) u
   CROSS JOIN LATERAL unnest(u.usable - t.taken) free
   CROSS JOIN LATERAL (
         SELECT greatest(lower(free), at + make_interval(mins => a.notice_minutes)) AS starts_at, upper(free) AS ends_at) p
   CROSS JOIN LATERAL rules.units_free(a, rules.span(a, p.starts_at, p.ends_at), at) f
   WHERE wanted <= a.units
     AND p.starts_at < p.ends_at
     AND p.starts_at <= at + make_interval(hours => 24 * a.horizon_days)
     AND rules.room(p.starts_at, p.ends_at, a.timezone) >= a.shortest_minutes
     AND a.state = 'listed'
     AND NOT EXISTS (SELECT FROM organisations g WHERE g.id = a.owner_id AND g.state IN ('suspended', 'closed'))
$$;

-- Every step of an asset's local days in a window: what rules.on_step accepts, in no order. An hour that occurs twice
-- is there twice. Where the clocks change within a day of an end, the clock is read as far beyond it as they change.
CREATE FUNCTION rules.steps(zone text, step_minutes int, since timestamptz, until timestamptz)
RETURNS TABLE (moment timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT DISTINCT m.moment
    FROM (SELECT date_bin(make_interval(mins => step_minutes), since AT TIME ZONE zone - rules.change(zone, since), '0001-01-01') AS first,
                 until AT TIME ZONE zone + rules.change(zone, until) AS last) w
   CROSS JOIN LATERAL generate_series(w.first, w.last, make_interval(mins => step_minutes)) wall
   CROSS JOIN LATERAL (VALUES (rules.instant(wall, zone)), (wall AT TIME ZONE zone)) m (moment)
   WHERE m.moment >= since AND m.moment < until
$$;

-- The last local date on which a booker holds every paper that an asset asks for.
CREATE FUNCTION rules.papers_until(a assets, booker uuid) RETURNS TABLE (last date)
LANGUAGE sql STABLE AS $$
  SELECT coalesce(min(CASE WHEN h.requirement IS NULL THEN '-infinity' ELSE h.expires_on END), 'infinity')
    FROM unnest(a.requires) required
    LEFT JOIN holdings h ON h.organisation_id = booker AND h.requirement = required
$$;

-- The most of some numbers in each of many windows, from one place to another, 0 where there are none. Neither end of
-- the windows goes back, so only what may still become the most is kept in mind: the places of ever smaller numbers.
CREATE FUNCTION rules.most(numbers int[], ones int[], others int[]) RETURNS int[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  kept int[] := '{}';
  head int := 1;
  tail int := 0;
  place int := 1;
  found int[] := '{}';
BEGIN
  FOR n IN 1 .. cardinality(ones) LOOP
    WHILE place <= others[n] LOOP
      WHILE tail >= head AND numbers[kept[tail]] <= numbers[place] LOOP tail := tail - 1; END LOOP;
      tail := tail + 1; kept[tail] := place; place := place + 1;
    END LOOP;
    WHILE head <= tail AND kept[head] < ones[n] LOOP head := head + 1; END LOOP;
    found[n] := CASE WHEN head <= tail THEN numbers[kept[head]] ELSE 0 END;
  END LOOP;
  RETURN found;
END $$;

-- The starts in a window at which the wanted units can be booked for so many elapsed minutes: all of rules.checks but
-- for attendees, of whom nobody has said how many come; what depends on the booker where one is named. It is the same
-- rules set by set, since to test thousands of periods one by one takes seconds. `units` are
-- occupied from each of the `moments` on; a period meets those from its place `one` in them to its place `other`. What is
-- `had` beside it by the same booking counts for what caps it.
CREATE FUNCTION rules.starts(
  a assets, since timestamptz, until timestamptz, minutes int, wanted int, booker uuid, at timestamptz,
  had tstzrange[] DEFAULT '{}'
) RETURNS TABLE (starts_at timestamptz, ends_at timestamptz, units_free int)
LANGUAGE sql STABLE AS $$
  WITH bounds AS MATERIALIZED (
    SELECT greatest(since, at + make_interval(mins => a.notice_minutes)) AS first,
           least(until, at + make_interval(hours => 24 * a.horizon_days) + interval '1 microsecond') AS beyond,
           make_interval(mins => minutes) AS length, interval '1 microsecond' AS instant, p.last AS papers_until,
           make_interval(mins => a.turnaround_before_minutes) AS before, make_interval(mins => a.turnaround_after_minutes) AS after
      FROM rules.papers_until(a, booker) p
     WHERE NOT EXISTS (SELECT FROM rules.fit(a, wanted, NULL) f WHERE NOT f.passed)
       AND NOT EXISTS (SELECT FROM rules.admitted(a, booker, at) k WHERE NOT k.passed)),
  known AS MATERIALIZED (
    SELECT b.*, o.hours, (SELECT t.applies_to FROM rules.applies_to(a) t) AS applies_to,
           (SELECT coalesce(range_agg(c.during), '{}') FROM rules.shut(a, b.first, b.beyond + b.length) c) AS shut,
           t.moments, t.units
      FROM bounds b
     CROSS JOIN LATERAL rules.opened(a.owner_id, a.timetable_id, a.timezone, b.first, b.beyond + b.length) o
     CROSS JOIN LATERAL (SELECT coalesce(array_agg(t.since ORDER BY t.since), '{}') AS moments,
                                coalesce(array_agg(t.units ORDER BY t.since), '{}') AS units
                           FROM rules.busy(a, rules.span(a, b.first, b.beyond + b.length), at) t) t
     WHERE b.first < b.beyond),
  capped AS MATERIALIZED (
    SELECT c.caps, u.used, b.never, b.perhaps
      FROM known k
     CROSS JOIN LATERAL (SELECT rules.caps(a, booker) AS caps FROM rules.capped(a, booker) c WHERE c.capped OFFSET 0) c
     CROSS JOIN LATERAL (
           SELECT rules.counted_with(a, c.caps, rules.counted(a, c.caps, booker, k.first, k.beyond + k.length, '{}', at), had, wanted)
                  AS used OFFSET 0) u
     CROSS JOIN LATERAL rules.starts_beyond(c.caps, u.used, k.first, k.beyond, k.length, wanted, a.timezone, at) b),
  periods AS MATERIALIZED (
    SELECT s.moment AS starts_at,
           width_bucket(s.moment - k.before, k.moments) AS one,
           width_bucket(e.moment + k.after - k.instant, k.moments) AS other
      FROM known k
     CROSS JOIN LATERAL rules.steps(a.timezone, a.step_minutes, k.first, k.beyond) s
     CROSS JOIN LATERAL (SELECT s.moment + k.length AS moment) e
     WHERE CASE WHEN k.applies_to = 'whole_period' THEN k.hours @> tstzrange(s.moment, e.moment)
                ELSE k.hours @> s.moment AND (k.hours @> e.moment OR k.hours @> e.moment - k.instant) END
       AND NOT k.shut && tstzrange(s.moment, e.moment)
       AND (booker IS NULL OR (s.moment AT TIME ZONE a.timezone)::date <= k.papers_until)
       AND rules.on_step(e.moment, a.timezone, a.step_minutes)
       AND rules.minutes(s.moment, e.moment, a.timezone) BETWEEN a.shortest_minutes AND coalesce(a.longest_minutes::numeric, 'infinity'))
  SELECT s.starts_at, s.starts_at + k.length, a.units - s.most
    FROM (SELECT array_agg(p.starts_at ORDER BY p.starts_at) AS starts, array_agg(p.one ORDER BY p.starts_at) AS ones,
                 array_agg(p.other ORDER BY p.starts_at) AS others FROM periods p) w
   CROSS JOIN known k
   CROSS JOIN LATERAL unnest(w.starts, rules.most(k.units, w.ones, w.others)) s (starts_at, most)
   WHERE s.most <= a.units - wanted
     AND NOT EXISTS (SELECT FROM capped c
                      WHERE c.never @> s.starts_at
                         OR c.perhaps @> s.starts_at AND EXISTS (
                              SELECT FROM rules.within(a, c.caps, c.used, NULL, s.starts_at, s.starts_at + k.length, wanted, at) l
                               WHERE NOT l.passed))
$$;

-- Explanation --------------------------------------------------------------------------------------------------

-- The lengths nearest to a period's that its asset is let for: a shorter one, a longer one, or its own.
CREATE FUNCTION rules.lengths(a assets, starts timestamptz, ends timestamptz) RETURNS TABLE (minutes int)
LANGUAGE sql STABLE AS $$
  SELECT DISTINCT l.minutes
    FROM (SELECT extract(epoch FROM ends - starts) / 60 / a.step_minutes AS steps) asked
   CROSS JOIN LATERAL (VALUES (floor(least(asked.steps, floor(a.longest_minutes::numeric / a.step_minutes)))),
                              (ceil(greatest(asked.steps, ceil(a.shortest_minutes::numeric / a.step_minutes))))) n (steps)
   CROSS JOIN LATERAL (SELECT (n.steps * a.step_minutes)::int AS minutes) l
   WHERE l.minutes BETWEEN greatest(a.shortest_minutes, 1) AND least(coalesce(a.longest_minutes, 527040), 527040)
$$;

-- The nearest start before a moment and the nearest after it, within fourteen days, at which the wanted units can be
-- booked for so many elapsed minutes and other periods be had too. The day next to the moment is looked at first.
CREATE FUNCTION rules.nearest_starts(
  a assets, moment timestamptz, minutes int, wanted int, booker uuid, at timestamptz, had tstzrange[]
) RETURNS TABLE (starts_at timestamptz, ends_at timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT n.starts_at, n.ends_at
    FROM (VALUES (-1), (1)) side (way)
   CROSS JOIN LATERAL (
         SELECT s.starts_at, s.ends_at
           FROM (VALUES (interval '1 microsecond', interval '1 day'), ('1 day', '14 days')) reach (nearer, further)
          CROSS JOIN LATERAL (
                SELECT s.starts_at, s.ends_at
                  FROM rules.starts(a, CASE side.way WHEN 1 THEN moment + reach.nearer ELSE moment - reach.further END,
                                    CASE side.way WHEN 1 THEN moment + reach.further ELSE moment - reach.nearer END,
                                    minutes, wanted, booker, at, had) s
                 WHERE NOT EXISTS (SELECT FROM unnest(had) p
                                    WHERE rules.span(a, lower(p), upper(p)) && rules.span(a, s.starts_at, s.ends_at))
                 ORDER BY side.way * extract(epoch FROM s.starts_at) LIMIT 1) s
          LIMIT 1) n
$$;

-- The nearest other periods that can be booked, or held, while others are had by the same booking, none where no other
-- time helps: the same start with another length where the length is wrong, and the nearest start before and after.
CREATE FUNCTION rules.other_times(
  a assets, starts timestamptz, ends timestamptz, wanted int, attending int, booker uuid, hold boolean, at timestamptz,
  had tstzrange[]
) RETURNS TABLE (starts_at timestamptz, ends_at timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT p.starts_at, p.ends_at
    FROM (SELECT array_agg(k.code) FILTER (WHERE NOT k.numbers ?| '{minutes_left,most_days_ahead}') AS codes
            FROM rules.why_not(a, starts, ends, wanted, attending, booker, at) k) w
   CROSS JOIN LATERAL (
         SELECT starts, starts + make_interval(mins => l.minutes) FROM rules.lengths(a, starts, ends) l
          UNION
         SELECT near.starts_at, near.ends_at
           FROM (SELECT l.minutes FROM rules.lengths(a, starts, ends) l
                  ORDER BY abs(l.minutes - extract(epoch FROM ends - starts) / 60), l.minutes LIMIT 1) l
          CROSS JOIN LATERAL rules.nearest_starts(a, starts, l.minutes, wanted, booker, at, had) near) p (starts_at, ends_at)
   WHERE NOT coalesce(w.codes, '{}') && '{not_listed,too_few_units,too_small,too_few_attendees,unverified,limit_reached,requirement_missing}'
     AND (p.starts_at, p.ends_at) <> (starts, ends)
     AND NOT EXISTS (SELECT FROM unnest(had) h
                      WHERE rules.span(a, lower(h), upper(h)) && rules.span(a, p.starts_at, p.ends_at))
     AND NOT EXISTS (SELECT FROM rules.checks(a, p.starts_at, p.ends_at, wanted, attending, booker, at) k WHERE NOT k.passed)
     AND (had = '{}' OR NOT EXISTS (
           SELECT FROM rules.capped(a, booker) c
            CROSS JOIN LATERAL (SELECT rules.caps(a, booker) AS caps WHERE c.capped OFFSET 0) k
            CROSS JOIN LATERAL (SELECT rules.counted(a, k.caps, booker, p.starts_at, p.ends_at, '{}', at) AS used OFFSET 0) u
            CROSS JOIN LATERAL rules.within(a, k.caps, rules.counted_with(a, k.caps, u.used, had, wanted), NULL,
                                            p.starts_at, p.ends_at, wanted, at) w
            WHERE NOT w.passed))
     AND NOT EXISTS (SELECT FROM rules.hoarded(a, p.starts_at, p.ends_at, booker, at) WHERE hold)
$$;

-- The nearest periods that would work, none where this one would.
CREATE FUNCTION rules.would_work(
  a assets, starts timestamptz, ends timestamptz, wanted int, attending int, booker uuid, at timestamptz
) RETURNS TABLE (starts_at timestamptz, ends_at timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT p.starts_at, p.ends_at FROM rules.other_times(a, starts, ends, wanted, attending, booker, false, at, '{}') p
   WHERE EXISTS (SELECT FROM rules.why_not(a, starts, ends, wanted, attending, booker, at))
$$;

-- Search -------------------------------------------------------------------------------------------------------

CREATE TYPE rules.candidate AS (owner_id uuid, id uuid, timezone text, distance_m int, tie text, sphere_m float8);

-- Whether an asset is of those that a search is about: what it leaves out is neither found nor explained.
CREATE FUNCTION rules.sought(a assets, of_kind text, of_owner uuid, people boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT a.state IN ('listed', 'paused') AND (of_kind IS NULL OR a.kind = of_kind)
     AND (of_owner IS NULL OR a.owner_id = of_owner) AND (people OR a.kind <> 'people')
$$;

-- What a search asks of an asset whatever the time, passed or not. It is on paper that an asset fits where all passed.
CREATE FUNCTION rules.paper(a assets, needs text[], wanted int, attending int, only_free boolean, community boolean)
RETURNS TABLE (code text, passed boolean, numbers jsonb)
LANGUAGE sql STABLE AS $$
  SELECT 'feature_missing', need = ANY(a.features), jsonb_build_object('feature', need) FROM unnest(needs) need
   UNION ALL
  SELECT f.code, f.passed, f.numbers FROM rules.fit(a, wanted, attending) f
   UNION ALL
  SELECT 'too_dear', coalesce((p.price->>'amount')::int, 0) = 0, coalesce(p.price, '{}')
    FROM (SELECT CASE WHEN community THEN coalesce(a.community_price, a.price) ELSE a.price END AS price) p
   WHERE only_free
$$;

-- PostGIS orders by an index of the sphere and stops on the 180th meridian itself, where index and distance disagree
-- by a rounding error ("index returned tuples in wrong order"): a search there is made from a centimetre beside it.
CREATE FUNCTION rules.searchable(origin geography) RETURNS geography
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN abs(ST_X(origin::geometry)) = 180
              THEN ST_SetSRID(ST_MakePoint(179.9999999, ST_Y(origin::geometry)), 4326)::geography ELSE origin END
$$;

-- Where an asset stands in the order of a search: by metres, then by a hash that changes daily.
CREATE FUNCTION rules.placed(a assets, origin geography, at timestamptz)
RETURNS TABLE (owner_id uuid, id uuid, timezone text, distance_m int, tie text)
LANGUAGE sql STABLE AS $$
  SELECT a.owner_id, a.id, a.timezone, round(ST_Distance(a.location, origin))::int,
         md5(a.id::text || (at AT TIME ZONE a.timezone)::date)
$$;

-- What lies near after a place in the order (distance_m, tie, id), as the index has it: of what a search is about all
-- or, where `fitting`, what fits on paper. What surely lies before that place by the sphere is passed over quickly.
-- (Two statements: a category that may be null would not be looked up.)
CREATE FUNCTION rules.near(
  origin geography, within_m int, of_category text, of_kind text, needs text[], wanted int, attending int,
  only_free boolean, community boolean, of_owner uuid, people boolean, at timestamptz, fitting boolean,
  after_m int, after_tie text, after_id uuid, most int
) RETURNS rules.candidate[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF of_category IS NOT NULL THEN
    RETURN (SELECT array_agg(c::rules.candidate) FROM (
      SELECT n.* FROM (
        SELECT p.*, a.location <-> origin AS sphere_m FROM assets a CROSS JOIN LATERAL rules.placed(a, origin, at) p
         WHERE a.category = of_category AND ST_DWithin(a.location, origin, within_m)
           AND a.location <-> origin >= after_m * 0.993 - 1 AND rules.sought(a, of_kind, of_owner, people)
           AND NOT EXISTS (SELECT FROM rules.paper(a, needs, wanted, attending, only_free, community) k
                            WHERE fitting AND NOT k.passed)
         ORDER BY a.location <-> origin) n
       WHERE (n.distance_m, n.tie, n.id) > (after_m, after_tie, after_id) LIMIT most) c);
  END IF;
  RETURN (SELECT array_agg(c::rules.candidate) FROM (
    SELECT n.* FROM (
      SELECT p.*, a.location <-> origin AS sphere_m FROM assets a CROSS JOIN LATERAL rules.placed(a, origin, at) p
       WHERE ST_DWithin(a.location, origin, within_m)
         AND a.location <-> origin >= after_m * 0.993 - 1 AND rules.sought(a, of_kind, of_owner, people)
         AND NOT EXISTS (SELECT FROM rules.paper(a, needs, wanted, attending, only_free, community) k
                          WHERE fitting AND NOT k.passed)
       ORDER BY a.location <-> origin) n
     WHERE (n.distance_m, n.tie, n.id) > (after_m, after_tie, after_id) LIMIT most) c);
END $$;

-- How many assets one page tests at the most: 1,000, and fewer where their hours on more than 20,000 dates would have
-- to be looked up (of each period the day before it, and every day on which it lies).
CREATE FUNCTION rules.bound(starts timestamptz, ends timestamptz, weeks int) RETURNS int
LANGUAGE sql IMMUTABLE AS $$
  SELECT least(1000, coalesce(20000 / (weeks * (2 + floor(extract(epoch FROM ends - starts) / 86400)::int)), 1000))
$$;

-- The periods that a search is for, in a zone; none where it is for no time.
CREATE FUNCTION rules.periods(starts timestamptz, ends timestamptz, zone text, weeks int)
RETURNS TABLE (periods tstzrange[])
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY(SELECT tstzrange(p.starts_at, p.ends_at) FROM rules.repeats(starts, ends, zone, weeks) p
                WHERE starts IS NOT NULL ORDER BY p.n)
$$;

-- Whether so many of the periods can be booked, but for what is counted of others, or there is none. Those that fail or
-- those that do not are counted, whichever decides it sooner, and no further than that.
CREATE FUNCTION rules.enough(
  a assets, periods tstzrange[], at_least int, wanted int, attending int, booker uuid, at timestamptz
) RETURNS TABLE (enough boolean)
LANGUAGE sql STABLE AS $$
  SELECT cardinality(periods) = 0 OR q.of_failed <> (q.quota = (
           SELECT count(*) FROM (
             SELECT FROM unnest(periods) p
              WHERE q.of_failed = ((SELECT t.taken FROM rules.surely_taken(a, rules.span(a, lower(p), upper(p)), wanted, at) t)
                                   OR EXISTS (SELECT FROM rules.uncounted(a, lower(p), upper(p), wanted, attending, booker, at) k
                                               WHERE NOT k.passed))
              LIMIT greatest(q.quota, 0)) tested))
    FROM (SELECT 2 * at_least > cardinality(periods) AS of_failed,
                 CASE WHEN 2 * at_least > cardinality(periods) THEN cardinality(periods) - at_least + 1
                      ELSE at_least END AS quota) q
$$;

-- Whether so many of the periods, each counted together with those before it, can be booked where that is a matter of what
-- is counted of others. What a booker has is counted once for all of them: it may be a lot.
CREATE FUNCTION rules.enough_together(
  a assets, periods tstzrange[], at_least int, wanted int, attending int, booker uuid, at timestamptz
) RETURNS TABLE (enough boolean) LANGUAGE sql STABLE AS $$
  SELECT cardinality(periods) = 0 OR NOT (SELECT c.capped FROM rules.capped(a, booker) c)
         OR (SELECT cardinality(periods) - count(DISTINCT k.n) >= at_least
               FROM rules.against(a, ARRAY(SELECT lower(p) FROM unnest(periods) p), ARRAY(SELECT upper(p) FROM unnest(periods) p),
                                  wanted, attending, booker, at) k)
$$;

-- The nearest assets that fit, in the order (distance_m, tie, id) after a given place in it: up to `most`, with
-- how many were examined, the last of them, and whether there was nothing further within reach.
-- The index orders by the sphere, the order is by the spheroid's metres, which differ by at most 0.7 %: of a
-- batch read from the index only what lies nearer than that edge is complete; the next goes on after that, until four
-- times as many are read, so that a crowd at one distance is read to its end. No more than `bound` are examined for
-- hours and occupancy, each until more of its periods fail than may.
CREATE FUNCTION rules.search(
  origin geography, within_m int, of_category text, of_kind text, needs text[], wanted int, attending int,
  only_free boolean, community boolean, of_owner uuid, people boolean,
  starts timestamptz, ends timestamptz, weeks int, at_least int, booker uuid, at timestamptz,
  after_m int, after_tie text, after_id uuid, most int,
  OUT nearest rules.candidate[], OUT examined int, OUT last rules.candidate, OUT exhausted boolean
) LANGUAGE plpgsql STABLE AS $$
DECLARE
  bound CONSTANT int := rules.bound(starts, ends, weeks);
  batch int := 4 * most;
  near rules.candidate[];
  complete rules.candidate[];
  fits rules.candidate[];
  reached int;
  edge float8;
BEGIN
  nearest := '{}'; examined := 0;
  origin := rules.searchable(origin);
  LOOP
    near := rules.near(origin, within_m, of_category, of_kind, needs, wanted, attending, only_free, community, of_owner,
                       people, at, true, after_m, after_tie, after_id, batch - examined);
    exhausted := coalesce(cardinality(near), 0) < batch - examined;
    SELECT CASE WHEN exhausted THEN 'Infinity' ELSE max(n.sphere_m) * 0.993 - 1 END INTO edge FROM unnest(near) n;
    SELECT array_agg(n ORDER BY n.distance_m, n.tie, n.id) INTO complete FROM unnest(near) n WHERE n.distance_m < edge;
    complete := coalesce(complete[:bound - examined], '{}');

    WITH zones AS MATERIALIZED (
      SELECT z.timezone, p.periods FROM (SELECT DISTINCT timezone FROM unnest(complete)) z
       CROSS JOIN LATERAL rules.periods(starts, ends, z.timezone, weeks) p)
    SELECT array_agg(complete[f.place]), max(f.place) INTO fits, reached FROM (
      SELECT place FROM generate_subscripts(complete, 1) place
       CROSS JOIN LATERAL (SELECT a FROM assets a
                            WHERE a.id = (complete[place]).id AND a.owner_id = (complete[place]).owner_id LIMIT 1) c
       CROSS JOIN LATERAL (SELECT z.periods FROM zones z WHERE z.timezone = (c.a).timezone LIMIT 1) z
       CROSS JOIN LATERAL rules.enough(c.a, z.periods, at_least, wanted, attending, booker, at) e
       CROSS JOIN LATERAL rules.enough_together(c.a, z.periods, at_least, wanted, attending, booker, at) t
       WHERE CASE WHEN e.enough THEN t.enough END
       LIMIT most + 1 - cardinality(nearest)) f;

    nearest := nearest || coalesce(fits, '{}');
    IF cardinality(nearest) > most THEN
      examined := examined + reached; last := complete[reached];
      RETURN;
    END IF;
    exhausted := exhausted AND examined + coalesce(cardinality(near), 0) <= bound;
    examined := examined + cardinality(complete);
    last := coalesce(complete[cardinality(complete)], last);
    EXIT WHEN exhausted OR examined >= bound;
    IF last IS NOT NULL THEN
      after_m := last.distance_m; after_tie := last.tie; after_id := last.id;
    END IF;
    batch := 4 * batch;
  END LOOP;
END $$;

-- The nearest ten of those that a search is about but does not find, in the same order. A fifth of what a page of
-- results tests is looked at: the nearest 200 in the order of the index, fewer for many or long periods.
CREATE FUNCTION rules.near_misses(
  origin geography, within_m int, of_category text, of_kind text, needs text[], wanted int, attending int,
  only_free boolean, community boolean, of_owner uuid, people boolean,
  starts timestamptz, ends timestamptz, weeks int, at_least int, booker uuid, at timestamptz
) RETURNS rules.candidate[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  bound CONSTANT int := rules.bound(starts, ends, weeks) / 5;
  near rules.candidate[] := rules.near(
    rules.searchable(origin), within_m, of_category, of_kind, needs, wanted, attending, only_free, community, of_owner,
    people, at, false, -1, '', '00000000-0000-0000-0000-000000000000', bound);
BEGIN
  near := ARRAY(SELECT n FROM unnest(near) n ORDER BY n.distance_m, n.tie, n.id);
  RETURN (SELECT array_agg(near[f.place]) FROM (
    SELECT place FROM generate_subscripts(near, 1) place
     CROSS JOIN LATERAL (SELECT a FROM assets a
                          WHERE a.id = (near[place]).id AND a.owner_id = (near[place]).owner_id LIMIT 1) c
     CROSS JOIN LATERAL rules.periods(starts, ends, (c.a).timezone, weeks) periods
     CROSS JOIN LATERAL rules.enough(c.a, periods, at_least, wanted, attending, booker, at) e
     CROSS JOIN LATERAL rules.enough_together(c.a, periods, at_least, wanted, attending, booker, at) t
     WHERE (CASE WHEN e.enough THEN NOT t.enough ELSE true END
            OR EXISTS (SELECT FROM rules.paper(c.a, needs, wanted, attending, only_free, community) k WHERE NOT k.passed))
       AND NOT EXISTS (SELECT FROM organisations o WHERE o.id = (c.a).owner_id AND o.state IN ('suspended', 'closed'))
     LIMIT 10) f);
END $$;

-- Alternatives -------------------------------------------------------------------------------------------------

-- The nearest fifty other assets of an asset's category within 25 km that fit on paper, in the order of a search.
CREATE FUNCTION rules.others(a assets, wanted int, attending int, at timestamptz) RETURNS rules.candidate[]
LANGUAGE sql STABLE AS $$
  WITH family AS MATERIALIZED (
    SELECT p.part_id AS id FROM parts p WHERE p.owner_id = a.owner_id AND p.whole_id = a.id
     UNION
    SELECT p.whole_id FROM parts p WHERE p.owner_id = a.owner_id AND p.part_id = a.id)
  SELECT ARRAY(
    SELECT n::rules.candidate
      FROM unnest(rules.near(rules.searchable(a.location), 25000, a.category, NULL, '{}', wanted, attending, false, false,
                             NULL, true, at, true, -1, '', '00000000-0000-0000-0000-000000000000',
                             50 + (SELECT count(*) FROM family)::int)) n
     WHERE n.id NOT IN (SELECT f.id FROM family f)
     ORDER BY n.distance_m, n.tie, n.id LIMIT 50)
$$;

-- The first three of them that can be booked, or held, for a period, but for those of an owner whose limits other periods
-- may have used up. The longer it is the fewer are tested, as of a search for it
-- in a hundred weeks: fifty for an evening, 22 for a week, 6 for a month.
CREATE FUNCTION rules.other_assets(
  near rules.candidate[], starts timestamptz, ends timestamptz, wanted int, attending int, booker uuid, hold boolean,
  at timestamptz, limited uuid
) RETURNS TABLE (owner_id uuid, id uuid, distance_m int)
LANGUAGE sql STABLE AS $$
  SELECT n.owner_id, n.id, n.distance_m
    FROM unnest(near[:least(50, rules.bound(starts, ends, 100))]) n
   CROSS JOIN LATERAL (SELECT a FROM assets a WHERE a.id = n.id AND a.owner_id = n.owner_id LIMIT 1) c
   WHERE n.owner_id IS DISTINCT FROM limited
     AND NOT EXISTS (SELECT FROM rules.checks(c.a, starts, ends, wanted, attending, booker, at) k WHERE NOT k.passed)
     AND NOT EXISTS (SELECT FROM rules.hoarded(c.a, starts, ends, booker, at) WHERE hold)
   LIMIT 3
$$;

-- Needs --------------------------------------------------------------------------------------------------------

-- The windows of a need in a zone, each with the number of its occurrence, from 1: the periods as sent, or the openings
-- of every week, in minutes from the midnight of its first date. Equal to domain/needs.py.
CREATE FUNCTION rules.windows(n needs, zone text) RETURNS TABLE (number int, during tstzrange)
LANGUAGE sql IMMUTABLE AS $$
  SELECT p.number::int, p.during FROM unnest(n.periods) WITH ORDINALITY p (during, number)
   UNION ALL
  SELECT w.week + 1, tstzrange(i.opens, i.closes)
    FROM generate_series(0, n.weeks - 1) w (week)
   CROSS JOIN LATERAL unnest(n.openings) o
   CROSS JOIN LATERAL (SELECT n.starts_on + 7 * n.every_weeks * w.week AS monday) d
   CROSS JOIN LATERAL (SELECT rules.instant(d.monday + make_interval(mins => lower(o)), zone) AS opens,
                              rules.instant(d.monday + make_interval(mins => upper(o)), zone) AS closes OFFSET 0) i
   WHERE n.starts_on IS NOT NULL AND i.opens < i.closes OFFSET 0
$$;

-- The occurrences of a need for which it has something: what was booked for it lies in one of their windows.
CREATE FUNCTION rules.covered(n needs, at timestamptz)
RETURNS TABLE (number int, owner_id uuid, booking_id uuid, occurrence_id uuid)
LANGUAGE sql STABLE AS $$
  SELECT DISTINCT ON (w.number) w.number, c.owner_id, c.booking_id, c.id
    FROM bookings b
    JOIN occurrences c ON c.owner_id = b.owner_id AND c.booking_id = b.id
    JOIN assets a ON a.id = b.asset_id AND a.owner_id = b.owner_id
   CROSS JOIN LATERAL rules.windows(n, a.timezone) w
   WHERE b.need_id = n.id AND b.booker_id = n.owner_id AND w.during @> tstzrange(c.starts_at, c.ends_at)
     AND rules.state(c, at) IN ('held', 'pending', 'confirmed', 'checked_in', 'completed')
   ORDER BY w.number, c.starts_at, c.id
$$;

-- The minutes that an organisation holds at an owner for the fair order at a moment: of all its units, of what it has or had
-- there and of what it gave back late, that began in the 90 days before or begins after it. (The stored states and the
-- ends say less; they are for an index.)
CREATE FUNCTION rules.held_minutes(owner uuid, booker uuid, moment timestamptz, at timestamptz)
RETURNS TABLE (minutes bigint)
LANGUAGE sql STABLE AS $$
  SELECT coalesce(floor(sum(c.units * extract(epoch FROM c.ends_at - c.starts_at) / 60)), 0)::bigint
    FROM occurrences c
   WHERE c.owner_id = owner AND c.booker_id = booker
     AND c.starts_at >= moment - interval '90 days' AND c.ends_at >= moment - interval '90 days'
     AND (c.state IN ('held', 'pending', 'confirmed', 'checked_in', 'completed', 'no_show')
          OR c.state = 'cancelled' AND c.cancelled_late)
     AND (rules.state(c, at) IN ('confirmed', 'checked_in', 'completed', 'no_show') OR c.state = 'cancelled')
$$;

-- What an asset costs an organisation: null where it is free.
CREATE FUNCTION rules.price(a assets, booker_kind text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT nullif(CASE WHEN booker_kind IN ('charity', 'group', 'school', 'library') THEN coalesce(a.community_price, a.price)
                     ELSE a.price END, 'null')
$$;

-- How many days ahead of the first window a need's last one ends, and how many assets are tested for their time then:
-- 1,000, and fewer where more than 40,000 days of opening hours would have to be looked up.
CREATE FUNCTION rules.most_examined(n needs) RETURNS int
LANGUAGE sql IMMUTABLE AS $$
  SELECT least(1000, 40000 / greatest(1, CASE WHEN n.starts_on IS NULL THEN
           (SELECT extract(epoch FROM max(upper(p)) - min(lower(p)))::int / 86400 + 2 FROM unnest(n.periods) p)
           ELSE 7 * n.every_weeks * (n.weeks - 1) + 8 END))
$$;

-- Whether an asset suits a need whatever the time: rules of every booking, and what the need asks beside.
CREATE FUNCTION rules.suits(a assets, n needs, distance_m int, at timestamptz) RETURNS TABLE (suits boolean)
LANGUAGE sql STABLE AS $$
  SELECT a.features @> n.features AND a.owner_id <> n.owner_id
     AND coalesce(n.attendees, 0) >= coalesce(a.min_attendees, 0)
     AND CASE WHEN n.comes_to_us THEN coalesce(distance_m <= (a.details->>'travels_m')::int, false) ELSE distance_m <= n.within_m END
     AND NOT EXISTS (SELECT FROM rules.fit(a, n.units, n.attendees) f WHERE NOT f.passed)
     AND NOT EXISTS (SELECT FROM rules.admitted(a, n.owner_id, at) k WHERE NOT k.passed)
     AND (SELECT p.last > '-infinity' FROM rules.papers_until(a, n.owner_id) p)
$$;

-- The nearest assets of a need's category or kind within reach that suit it, and one more than are tested. (Two
-- statements, as in rules.near.)
CREATE FUNCTION rules.suitable(n needs, origin geography, at timestamptz)
RETURNS TABLE (place int, owner_id uuid, id uuid, distance_m int) LANGUAGE plpgsql STABLE ROWS 20 AS $$
DECLARE
  most CONSTANT int := rules.most_examined(n) + 1;
  here CONSTANT geography := rules.searchable(origin);
  reach_m CONSTANT int := CASE WHEN n.comes_to_us THEN 200000 ELSE n.within_m END;
BEGIN
  IF n.category IS NOT NULL THEN
    RETURN QUERY SELECT row_number() OVER ()::int, c.* FROM (
      SELECT a.owner_id, a.id, d.distance_m FROM assets a
       CROSS JOIN LATERAL (SELECT round(ST_Distance(a.location, here))::int AS distance_m) d
       CROSS JOIN LATERAL rules.suits(a, n, d.distance_m, at) s
       WHERE a.category = n.category AND a.state = 'listed' AND ST_DWithin(a.location, here, reach_m) AND s.suits
       ORDER BY a.location <-> here LIMIT most) c;
  ELSE
    RETURN QUERY SELECT row_number() OVER ()::int, c.* FROM (
      SELECT a.owner_id, a.id, d.distance_m FROM assets a
       CROSS JOIN LATERAL (SELECT round(ST_Distance(a.location, here))::int AS distance_m) d
       CROSS JOIN LATERAL rules.suits(a, n, d.distance_m, at) s
       WHERE a.kind = n.kind AND a.state = 'listed' AND ST_DWithin(a.location, here, reach_m) AND s.suits
       ORDER BY a.location <-> here LIMIT most) c;
  END IF;
END $$;

-- What an asset's price comes to for units and elapsed time, in minor units: as domain/costs.py rounds it.
CREATE FUNCTION rules.owed(price jsonb, units int, length interval) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT floor((price->>'amount')::bigint * units * extract(epoch FROM length)
               / CASE price->>'per' WHEN 'hour' THEN 3600 WHEN 'day' THEN 86400 END + 0.5)::bigint
$$;

-- Whether a period whose start lies on a step keeps the rules that are about its times alone: its end on a step, its
-- length, papers that are good until then, and, where they apply to both ends (not `whole`), the hours.
CREATE FUNCTION rules.well_timed(
  a assets, starts timestamptz, ends timestamptz, papers_until date, hours tstzmultirange, whole boolean
) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN rules.on_step(ends, a.timezone, a.step_minutes)
     AND rules.minutes(starts, ends, a.timezone) BETWEEN a.shortest_minutes AND coalesce(a.longest_minutes::numeric, 'infinity')
     AND (starts AT TIME ZONE a.timezone)::date <= papers_until
     AND (whole OR hours @> starts AND (hours @> ends OR hours @> ends - interval '1 microsecond'));
END $$;

-- The occurrences of a need but for some that an asset can meet, each by the first period in its windows that can be
-- booked: all of rules.checks. What is chosen for one, turnaround included, is taken for the next. An occurrence that would cost more
-- than the ceiling is not met; a price for the whole booking is no business of a single one.
CREATE FUNCTION rules.met(a assets, n needs, besides int[], at timestamptz)
RETURNS TABLE (number int, starts_at timestamptz, ends_at timestamptz) LANGUAGE plpgsql STABLE AS $$
DECLARE
  instant CONSTANT interval := '1 microsecond';
  first CONSTANT timestamptz := at + make_interval(mins => a.notice_minutes);
  beyond CONSTANT timestamptz := at + make_interval(hours => 24 * a.horizon_days) + instant;
  turnaround CONSTANT interval := make_interval(mins => a.turnaround_before_minutes + a.turnaround_after_minutes);
  whole CONSTANT boolean := (SELECT t.applies_to FROM rules.applies_to(a) t) = 'whole_period';
  price CONSTANT jsonb := rules.price(a, (SELECT o.kind FROM organisations o WHERE o.id = n.owner_id));
  papers_until CONSTANT date := (SELECT p.last FROM rules.papers_until(a, n.owner_id) p);
  numbers int[];
  windows tstzrange[];
  since timestamptz;
  until timestamptz;
  hours tstzmultirange;
  usable tstzmultirange;
  piece tstzrange;
  lo timestamptz;
  hi timestamptz;
  step CONSTANT interval := make_interval(mins => a.step_minutes);
  length interval;
  done int[] := '{}';
  caps CONSTANT rules.cap[] := coalesce((SELECT rules.caps(a, n.owner_id) FROM rules.capped(a, n.owner_id) c WHERE c.capped), '{}');
  used jsonb;
BEGIN
  SELECT array_agg(w.number ORDER BY w.during, w.number), array_agg(w.during ORDER BY w.during, w.number),
         greatest(min(lower(w.during)), first), max(upper(w.during))
    INTO numbers, windows, since, until
    FROM rules.windows(n, a.timezone) w
   WHERE upper(w.during) > first AND lower(w.during) < beyond AND NOT w.number = ANY(besides);
  IF windows IS NULL OR since >= until THEN RETURN; END IF;
  SELECT o.hours INTO hours FROM rules.opened(a.owner_id, a.timetable_id, a.timezone, since, until) o;
  SELECT CASE WHEN whole THEN hours ELSE tstzmultirange(tstzrange(since, until)) END
         - coalesce((SELECT range_agg(c.during) FROM rules.shut(a, since, until) c), '{}')
         - coalesce((SELECT range_agg(tstzrange(b.since - make_interval(mins => a.turnaround_after_minutes),
                                                b.until + make_interval(mins => a.turnaround_before_minutes)))
                       FROM rules.busy(a, rules.span(a, since, until), at) b WHERE b.units > a.units - n.units), '{}')
    INTO usable;
  used := rules.counted(a, caps, n.owner_id, since, until, '{}', at);
  FOR w IN 1 .. cardinality(windows) LOOP
    CONTINUE WHEN numbers[w] = ANY(done);
    length := coalesce(make_interval(mins => n.minutes), upper(windows[w]) - lower(windows[w]));
    CONTINUE WHEN price->>'per' <> 'booking' AND n.most_amount IS NOT NULL AND rules.owed(price, n.units, length) > n.most_amount;
    starts_at := greatest(lower(windows[w]), since);
    ends_at := starts_at + length;
    -- Mostly the first moment of a window will do; to look for another costs several times as much.
    IF NOT (starts_at < beyond AND ends_at <= upper(windows[w]) AND usable @> tstzrange(starts_at, ends_at)
            AND rules.on_step(starts_at, a.timezone, a.step_minutes)
            AND rules.well_timed(a, starts_at, ends_at, papers_until, hours, whole)
            AND (caps = '{}' OR NOT EXISTS (
                  SELECT FROM rules.within(a, caps, used, NULL, starts_at, ends_at, n.units, at) l WHERE NOT l.passed))) THEN
      starts_at := NULL;
      FOR piece IN SELECT p FROM unnest(usable * tstzmultirange(windows[w])) p ORDER BY p LOOP
        lo := greatest(lower(piece), since);
        hi := least(upper(piece) - length + instant, beyond);
        CONTINUE WHEN lo >= hi;
        SELECT s.moment INTO starts_at
          FROM (VALUES (lo, least(hi, lo + step)), (least(hi, lo + step), hi)) first_step_first (since, until)
         CROSS JOIN LATERAL (
               SELECT s.moment FROM rules.steps(a.timezone, a.step_minutes, first_step_first.since, first_step_first.until) s
                ORDER BY s.moment OFFSET 0) s
         WHERE rules.well_timed(a, s.moment, s.moment + length, papers_until, hours, whole)
           AND (caps = '{}' OR NOT EXISTS (
                 SELECT FROM rules.within(a, caps, used, NULL, s.moment, s.moment + length, n.units, at) l WHERE NOT l.passed))
         LIMIT 1;
        EXIT WHEN starts_at IS NOT NULL;
      END LOOP;
      CONTINUE WHEN starts_at IS NULL;
      ends_at := starts_at + length;
    END IF;
    number := numbers[w]; done := done || number;
    since := ends_at + turnaround;
    IF caps <> '{}' THEN
      used := rules.counted_with(a, caps, used, ARRAY[tstzrange(starts_at, ends_at)], n.units);
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;

CREATE TYPE rules.met_occurrence AS (number int, starts_at timestamptz, ends_at timestamptz);

-- What an asset meets of a need, if that is as much as the need asks for: null where it is not. (Where less is still
-- open than `at_least`, all of it.)
CREATE FUNCTION rules.meets(a assets, n needs, besides int[], at timestamptz) RETURNS TABLE (met rules.met_occurrence[])
LANGUAGE sql STABLE AS $$
  SELECT m.met
    FROM (SELECT array_agg((m.number, m.starts_at, m.ends_at)::rules.met_occurrence ORDER BY m.starts_at) AS met,
                 count(*) AS count FROM rules.met(a, n, besides, at) m) m
   CROSS JOIN LATERAL (SELECT rules.price(a, (SELECT o.kind FROM organisations o WHERE o.id = n.owner_id)) AS price) p
   WHERE m.count > 0
     AND m.count >= least(n.at_least, greatest(cardinality(n.periods), n.weeks) - cardinality(besides))
     AND (n.most_amount IS NULL OR p.price IS NULL OR (p.price->>'amount')::int = 0
          OR p.price->>'currency' = n.most_currency
             AND (p.price->>'per' <> 'booking' OR (p.price->>'amount')::bigint * n.units <= n.most_amount * m.count))
$$;

-- Near misses --------------------------------------------------------------------------------------------------

-- The one thing for want of which an asset does not suit a need, whatever the time: that it is far, a feature, or room for
-- as many people. None where it lacks nothing or more.
CREATE FUNCTION rules.lacks(a assets, n needs, distance_m int, far boolean, at timestamptz)
RETURNS TABLE (kind text, feature text, holds int) LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN far THEN 'radius' WHEN l.small THEN 'people' ELSE 'feature' END, l.features[1],
         CASE WHEN l.small THEN a.capacity * n.units END
    FROM (SELECT ARRAY(SELECT f FROM unnest(n.features) f WHERE NOT f = ANY(a.features)) AS features,
                 coalesce(n.attendees > a.capacity::bigint * n.units, false) AS small OFFSET 0) l
   CROSS JOIN LATERAL (
         SELECT jsonb_populate_record(n, jsonb_build_object(
                  'features', '[]'::jsonb, 'within_m', greatest(n.within_m, distance_m),
                  'attendees', CASE WHEN l.small THEN a.capacity * n.units ELSE n.attendees END)) AS relaxed
          WHERE far::int + l.small::int + cardinality(l.features) = 1 OFFSET 0) r
   CROSS JOIN LATERAL rules.suits(a, r.relaxed, distance_m, at) s
   WHERE s.suits
$$;

-- The nearest assets of a need's category or kind that lack but one thing: within its reach, or, `far`, further away, no
-- further than reach_m. `step_m`: the distance rounded up to whole 100 m. (Two statements, as in rules.near.)
CREATE FUNCTION rules.nearly(n needs, origin geography, far boolean, reach_m int, most int, at timestamptz)
RETURNS TABLE (id uuid, distance_m int, step_m int, kind text, feature text, holds int) LANGUAGE plpgsql STABLE AS $$
DECLARE
  here CONSTANT geography := rules.searchable(origin);
BEGIN
  IF n.category IS NOT NULL THEN
    RETURN QUERY SELECT a.id, d.distance_m, (100 * ceil(m.metres / 100))::int, l.kind, l.feature, l.holds FROM assets a
     CROSS JOIN LATERAL (SELECT ST_Distance(a.location, here) AS metres) m
     CROSS JOIN LATERAL (SELECT round(m.metres)::int AS distance_m) d
     CROSS JOIN LATERAL rules.lacks(a, n, d.distance_m, far, at) l
     WHERE a.category = n.category AND a.state = 'listed' AND ST_DWithin(a.location, here, reach_m)
       AND (m.metres > n.within_m OR NOT far)
     ORDER BY a.location <-> here LIMIT most;
  ELSE
    RETURN QUERY SELECT a.id, d.distance_m, (100 * ceil(m.metres / 100))::int, l.kind, l.feature, l.holds FROM assets a
     CROSS JOIN LATERAL (SELECT ST_Distance(a.location, here) AS metres) m
     CROSS JOIN LATERAL (SELECT round(m.metres)::int AS distance_m) d
     CROSS JOIN LATERAL rules.lacks(a, n, d.distance_m, far, at) l
     WHERE a.kind = n.kind AND a.state = 'listed' AND ST_DWithin(a.location, here, reach_m)
       AND (m.metres > n.within_m OR NOT far)
     ORDER BY a.location <-> here LIMIT most;
  END IF;
END $$;

-- The ceilings above a need's own at which an asset may meet it that would do so at any price.
CREATE FUNCTION rules.ceilings(a assets, n needs, besides int[], at timestamptz) RETURNS TABLE (ceiling bigint)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY SELECT c.ceiling
    FROM (SELECT rules.price(a, (SELECT o.kind FROM organisations o WHERE o.id = n.owner_id)) AS price,
                 jsonb_populate_record(n, '{"most_amount": 100000000}') AS unbound OFFSET 0) p
   CROSS JOIN LATERAL (
         SELECT m.met FROM rules.meets(a, p.unbound, besides, at) m
          WHERE p.price->>'currency' = n.most_currency AND (p.price->>'amount')::int > 0 AND m.met IS NOT NULL OFFSET 0) m
   CROSS JOIN LATERAL (
         SELECT ceil((p.price->>'amount')::numeric * n.units / cardinality(m.met))::bigint AS ceiling
          WHERE p.price->>'per' = 'booking'
          UNION
         SELECT rules.owed(p.price, n.units, coalesce(make_interval(mins => n.minutes), upper(w.during) - lower(w.during)))
           FROM rules.windows(n, a.timezone) w WHERE p.price->>'per' <> 'booking') c
   WHERE c.ceiling > n.most_amount AND c.ceiling <= 100000000;
END $$;

-- Those of some assets that meet a need once it is changed, the nearest first; null where nothing is to be changed.
CREATE FUNCTION rules.meeting(n needs, change jsonb, ids uuid[], at timestamptz) RETURNS uuid[]
LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
  RETURN (SELECT coalesce(array_agg(a.id ORDER BY d.distance_m, a.id), '{}')
            FROM (SELECT jsonb_populate_record(n, change) AS n OFFSET 0) c
           CROSS JOIN LATERAL (SELECT ARRAY(SELECT b.number FROM rules.covered(c.n, at) b) AS besides OFFSET 0) b
            JOIN assets a ON a.id = ANY(ids)
           CROSS JOIN LATERAL (
                 SELECT round(ST_Distance(a.location, rules.searchable((c.n).location)))::int AS distance_m OFFSET 0) d
           CROSS JOIN LATERAL rules.suits(a, c.n, d.distance_m, at) s
           CROSS JOIN LATERAL rules.meets(a, c.n, b.besides, at) m
           WHERE s.suits AND m.met IS NOT NULL);
END $$;

-- Of some changes of a need, in order, the first by which one of the assets to `try` meets it; and all assets that meet it
-- then, of those that go with the change and those that are known to meet it now. (Not one by which fewer would be examined.)
CREATE FUNCTION rules.first_helping(n needs, changes jsonb, known uuid[], examined int, at timestamptz)
RETURNS TABLE (place int, ids uuid[]) LANGUAGE plpgsql STABLE AS $$
DECLARE
  each record;
BEGIN
  FOR each IN SELECT c.*, row_number() OVER () - 1 AS place
                FROM jsonb_to_recordset(changes) c (change jsonb, try uuid[], ids uuid[]) LOOP
    CONTINUE WHEN examined > rules.most_examined(jsonb_populate_record(n, each.change))
               OR rules.meeting(n, each.change, each.try, at) = '{}';
    place := each.place;
    ids := rules.meeting(n, each.change, known || each.ids, at);
    RETURN NEXT;
    RETURN;
  END LOOP;
END $$;

-- Idle capacity ------------------------------------------------------------------------------------------------

-- The hours that a clock shows in a window, in order: from which moment on it shows which, counted from Monday 00 as 0.
-- The first begins with the window; an hour that occurs twice is there twice.
CREATE FUNCTION rules.clock_hours(zone text, since timestamptz, until timestamptz) RETURNS TABLE (moments timestamptz[], shows int[])
LANGUAGE sql STABLE AS $$
  SELECT array_agg(m.moment ORDER BY m.moment),
         array_agg((24 * extract(isodow FROM w.wall) - 24 + extract(hour FROM w.wall))::int ORDER BY m.moment)
    FROM (SELECT since UNION SELECT s.moment FROM rules.steps(zone, 60, since, until) s) m (moment)
   CROSS JOIN LATERAL (SELECT m.moment AT TIME ZONE zone AS wall) w
$$;

-- How many units are occupied from each moment to the next, as it was and will be (rules.busy is about what may still
-- be had). Of a whole, also while one of its parts is.
CREATE FUNCTION rules.in_use(a assets, during tstzrange, at timestamptz) RETURNS TABLE (during tstzrange, units int)
LANGUAGE sql STABLE AS $$
  SELECT tstzrange(r.moment, lead(r.moment) OVER (ORDER BY r.moment)), least(r.units, a.units)
    FROM (SELECT m.moment, (sum(sum(m.change)) OVER (ORDER BY m.moment))::int AS units
            FROM rules.occupants(a, during, at) o,
                 LATERAL (VALUES (lower(o.occupied), 1), (upper(o.occupied), -1)) m (moment, change)
           GROUP BY m.moment) r
$$;

-- How many minutes the units of an asset are open in the four weeks from a moment on, and occupied while they are.
CREATE FUNCTION rules.used(a assets, since timestamptz, at timestamptz) RETURNS TABLE (open_minutes int, occupied_minutes int)
LANGUAGE sql STABLE AS $$
  SELECT floor(extract(epoch FROM a.units * o.length) / 60)::int, floor(extract(epoch FROM u.length) / 60)::int
    FROM (SELECT h.hours, (SELECT coalesce(sum(upper(h) - lower(h)), '0') FROM unnest(h.hours) h) AS length
            FROM rules.open_hours(a, since, since + interval '28 days') h OFFSET 0) o
   CROSS JOIN LATERAL (
         SELECT coalesce(sum(u.units * (upper(h) - lower(h))), '0') AS length
           FROM rules.in_use(a, tstzrange(since, since + interval '28 days'), at) u
          CROSS JOIN LATERAL unnest(o.hours * tstzmultirange(u.during)) h
          WHERE u.units > 0) u
$$;

-- How many minutes the units of an asset are open in a window, and occupied while they are, in each hour of the local
-- week in which they are open at all. The window's hours are those of clock_hours. (A piece of time is found among them by
-- its ends; compared with each it would take a hundred times as long.)
CREATE FUNCTION rules.open_and_used(
  a assets, since timestamptz, until timestamptz, moments timestamptz[], shows int[], at timestamptz)
RETURNS TABLE (hour int, open_minutes int, used_minutes int)
LANGUAGE sql STABLE AS $$
  SELECT shows[n], floor(extract(epoch FROM sum(p.open * t.length)) / 60)::int,
         floor(extract(epoch FROM sum(p.used * t.length)) / 60)::int
    FROM (SELECT o.hours FROM rules.open_hours(a, since, until) o OFFSET 0) o
   CROSS JOIN LATERAL (
         SELECT h, a.units, 0 FROM unnest(o.hours) h
          UNION ALL
         SELECT h, 0, u.units
           FROM rules.in_use(a, tstzrange(since, until), at) u
          CROSS JOIN LATERAL unnest(o.hours * tstzmultirange(u.during)) h
          WHERE u.units > 0) p (during, open, used)
   CROSS JOIN LATERAL generate_series(width_bucket(lower(p.during), moments),
                                      width_bucket(upper(p.during) - interval '1 microsecond', moments)) n
   CROSS JOIN LATERAL (
         SELECT least(upper(p.during), moments[n + 1]) - greatest(lower(p.during), moments[n]) AS length) t
   GROUP BY 1
  HAVING sum(p.open) > 0
$$;

-- In which hours of a window an occurrence that is met lies, and for how many minutes; the hours are those of clock_hours.
CREATE FUNCTION rules.lies_in(o rules.met_occurrence, until timestamptz, moments timestamptz[], shows int[])
RETURNS TABLE (hour int, minutes int)
LANGUAGE sql IMMUTABLE AS $$
  SELECT shows[n],
         floor(extract(epoch FROM least(o.ends_at, until, moments[n + 1]) - greatest(o.starts_at, moments[n])) / 60)::int
    FROM generate_series(width_bucket(greatest(o.starts_at, moments[1]), moments),
                         width_bucket(least(o.ends_at, until) - interval '1 microsecond', moments)) n
   WHERE o.starts_at < until AND o.ends_at > moments[1]
$$;

-- The open needs near an asset that it suits, whatever the time, each with its occurrences for which something is booked;
-- measured from where others see them. Of 2,000 that are near, and of a quarter of what the matches of one need may cost
-- (rules.most_examined), a share is told, the oldest first; where there are more, a row of null says so.
CREATE FUNCTION rules.needs_near(a assets, share numeric, at timestamptz)
RETURNS TABLE (n needs, besides int[], cut boolean)
LANGUAGE sql STABLE AS $$
  WITH near AS MATERIALIZED (
    SELECT n, round(ST_Distance(a.location, n.shown))::int AS distance_m
      FROM needs n
     WHERE a.state = 'listed' AND n.reach && a.location AND n.closed_at IS NULL AND n.stands_until > at
       AND (n.category = a.category OR n.kind = a.kind)
       AND ST_DWithin(a.location, n.shown, CASE WHEN n.comes_to_us THEN 200000 ELSE n.within_m END)
     LIMIT ceil(2000 * share)),
  suited AS MATERIALIZED (
    SELECT near.n, row_number() OVER w AS place, sum(1.0 / rules.most_examined(near.n)) OVER w AS spent
      FROM near CROSS JOIN LATERAL rules.suits(a, near.n, near.distance_m, at) s
     WHERE s.suits WINDOW w AS (ORDER BY (near.n).id))
  SELECT s.n, ARRAY(SELECT c.number FROM rules.covered(s.n, at) c), false
    FROM suited s WHERE s.place = 1 OR s.spent <= share / 4
   UNION ALL
  SELECT NULL::needs, NULL, true
   WHERE (SELECT count(*) FROM near) >= 2000 * share
      OR EXISTS (SELECT FROM suited s WHERE s.place > 1 AND s.spent > share / 4)
$$;

-- In which hours of the local week an asset could meet each of them within a window.
CREATE FUNCTION rules.could_meet(
  a assets, until timestamptz, moments timestamptz[], shows int[], share numeric, at timestamptz)
RETURNS TABLE (met_hours int[], cut boolean)
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN NOT k.cut THEN ARRAY(
           SELECT DISTINCT l.hour
             FROM rules.meets(a, k.n, k.besides, at) m
            CROSS JOIN LATERAL unnest(m.met) o
            CROSS JOIN LATERAL rules.lies_in(o, until, moments, shows) l) END, k.cut
    FROM rules.needs_near(a, share, at) k
$$;

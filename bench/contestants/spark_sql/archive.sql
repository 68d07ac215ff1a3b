-- The state of every health archive: which rules hit, the fake score, one state, the proposal.

CREATE TABLE facts AS
WITH happened AS (SELECT * FROM `themes/health/service` WHERE NOT array_contains(flags, 'FUTURE')),
own AS (
    SELECT ehr_no, count(*) AS service_count, count(*) FILTER (WHERE array_contains(flags, 'F8')) AS not_in_service_count,
        count(*) FILTER (WHERE array_contains(flags, 'AFTER_DEATH')) AS after_death_count, max(service_date) AS last_own_date
    FROM happened WHERE service_kind <> 'VISIT' GROUP BY ehr_no
),
moved AS (
    SELECT survivor_ehr_no AS ehr_no, count(*) AS moved_count, max(service_date) AS last_moved_date
    FROM happened WHERE service_kind <> 'VISIT' AND survivor_ehr_no <> ehr_no GROUP BY survivor_ehr_no
),
visits AS (
    SELECT person_uid, count(*) AS visit_count, max(service_date) AS last_visit_date
    FROM happened WHERE service_kind = 'VISIT' AND person_uid IS NOT NULL GROUP BY person_uid
),
numbers AS (
    SELECT id_no, count(DISTINCT source_table) AS other_sources, bool_or(source_table = 'public_security/resident') AS number_in_police
    FROM `base/population/source_link` WHERE id_no IS NOT NULL AND source_table <> 'health/archive' GROUP BY id_no
),
alike AS (
    SELECT name_key, birth_date, sex_code, phone, count(*) AS alike FROM linked_archives
    WHERE status = '0' AND NOT coalesce(cancel_date <= _business_date, false) GROUP BY name_key, birth_date, sex_code, phone
),
persons AS (SELECT ehr_no, count(DISTINCT person_uid) AS persons_of_number FROM linked_archives GROUP BY ehr_no),
dead AS (
    SELECT person_uid, if(status = 'CONFIRMED', death_date, NULL) AS death_date, if(status = 'CONFIRMED', grade, NULL) AS death_grade,
        size(life_evidence) > 0 AS seen_alive
    FROM `base/population/death`
),
hints AS (
    SELECT DISTINCT stated.person_uid, true AS edited_hint
    FROM (SELECT person_uid, explode(sources) AS s FROM `base/population/death` WHERE status = 'CANDIDATE') AS stated
    JOIN `base/population/source_link` AS link ON link.source_table = s.source_table AND link.source_key = s.source_key
    WHERE link.match = 'M1B' AND link.match_reason = 'ONE_EDIT' AND s.date_kind NOT LIKE 'INVALID%'
),
clear AS (SELECT * FROM `base/population/scored_match` WHERE is_clear(place, margin)),
found AS (
    SELECT source_key AS archive_key, decision = 'LINK' AS is_found, dead.death_date IS NOT NULL AS dead_candidate
    FROM clear LEFT JOIN dead ON person_uid = candidate_uid WHERE source_table = 'health/archive'
),
stated AS (SELECT DISTINCT candidate_uid AS person_uid, true AS stated_dead FROM clear WHERE source_table <> 'health/archive')
SELECT a.ehr_no, a.empi_id, a.archive_key, a.person_uid, a.match, a.is_sure, a.match_reason, a.status = '0' AND NOT coalesce(a.cancel_date <= a._business_date, false) AS open, a.id_no,
    a.id_no_error AS id_error, a._name_placeholder AS is_placeholder, a.create_date, a._business_date AS extract,
    coalesce(if(a.create_date <= a._business_date, a.create_date, NULL), if(CAST(a.input_time AS DATE) <= a._business_date, CAST(a.input_time AS DATE), NULL)) AS created_on,
    a.cancel_reason, a.cancel_date, a.mana_org, coalesce(a.village_county, '321000') AS county6, coalesce(e.is_survivor, true) AS is_survivor,
    coalesce(e.same_form, 0) AS same_form, coalesce(e.other_form, 0) AS other_form, coalesce(e.survivor_ehr_no, a.ehr_no) AS survivor_ehr_no,
    coalesce(e.survivor_empi_id, a.empi_id) AS survivor_empi_id, coalesce(e.merged_from, CAST(array() AS ARRAY<STRING>)) AS merged_from,
        persons_of_number,
    coalesce(number_in_police, false) AS number_in_police, coalesce(other_sources, 0) AS other_sources, death_date, death_grade,
    coalesce(edited_hint, false) AS edited_hint,
    coalesce(seen_alive, false) AS seen_alive, coalesce(service_count, 0) AS service_count, coalesce(not_in_service_count,
        0) AS not_in_service_count,
    coalesce(after_death_count, 0) AS after_death_count, greatest(last_own_date, last_moved_date, last_visit_date) AS last_event_date,
    last_visit_date, CAST(coalesce(service_count, 0) + coalesce(moved_count, 0) + coalesce(visit_count, 0) AS INT) AS event_count,
    a.id_no IS NULL AND alike > 1 AS has_alike, coalesce(is_found, false) AS is_found,
    coalesce(dead_candidate, false) OR coalesce(stated_dead, false) AS probably_dead, a._source_file, a._row_no, a._batch_id
FROM linked_archives AS a JOIN persons USING (ehr_no) LEFT JOIN elected AS e USING (ehr_no, empi_id) LEFT JOIN numbers USING (id_no)
    LEFT JOIN dead USING (person_uid) LEFT JOIN hints USING (person_uid) LEFT JOIN own USING (ehr_no) LEFT JOIN moved USING (ehr_no) LEFT JOIN visits USING (person_uid)
    LEFT JOIN alike USING (name_key, birth_date, sex_code, phone) LEFT JOIN found ON found.archive_key = a.archive_key
    LEFT JOIN stated USING (person_uid);

CREATE TABLE `themes/health/archive` AS
WITH judged AS (
    SELECT *, array_compact(array(
        if(open AND NOT is_survivor AND same_form > 0, 'U1', NULL),
        if(open AND persons_of_number > 1, 'U2', NULL),
        if(open AND has_alike, 'U3', NULL),
        if(open AND NOT is_survivor AND other_form > 0, 'U4', NULL),
        if(open AND is_sure AND $as_of > date_add(death_date, 30), 'X1', NULL),
        if(after_death_count > 0, 'X2', NULL),
        if(open AND is_sure AND create_date > death_date AND create_date <= least($as_of, extract), 'X3', NULL),
        if(open AND seen_alive, 'X4', NULL),
        if(open AND (edited_hint OR coalesce(match = 'M1B' AND match_reason = 'ONE_EDIT' AND death_date IS NOT NULL, false)), 'X5', NULL),
        if(open AND probably_dead AND death_date IS NULL, 'X6', NULL),
        if(open AND is_found, 'N1', NULL),
        if(open AND created_on <= $as_of - INTERVAL 24 MONTH AND (last_event_date IS NULL OR last_event_date <= created_on), 'D1', NULL),
        if(open AND (created_on IS NULL OR last_event_date > created_on) AND last_event_date < $as_of - INTERVAL 24 MONTH, 'D2', NULL),
        if(open AND startswith(id_error, 'E_') AND match = 'U' AND NOT is_found, 'F1', NULL),
        if(open AND id_no IS NOT NULL AND other_sources = 0, 'F2', NULL),
        if(open AND match = 'ID_NAME_CONFLICT' AND number_in_police, 'F3', NULL),
        if(open AND (is_placeholder OR (id_error = 'E_PLACEHOLDER' AND NOT is_found)), 'F4', NULL),
        if(open AND service_count > 0 AND not_in_service_count >= service_count * 0.5, 'F8', NULL))) AS rules
    FROM facts
),
scored AS (
    SELECT *, round(1 - if(array_contains(rules, 'F1'), 0.5D, 1D) * if(array_contains(rules, 'F2'), 0.3D, 1D)
            * if(array_contains(rules, 'F3'), 0.5D, 1D) * if(array_contains(rules, 'F4'), 0.2D, 1D)
            * if(array_contains(rules, 'F8'), 0.2D, 1D), 6) AS fake_score,
        arrays_overlap(rules, array('F1', 'F2', 'F3', 'F4')) AND array_contains(rules, 'F8') AS two_families
    FROM judged
),
held AS (
    SELECT *, array_contains(rules, 'X3') OR (fake_score >= 0.95 AND two_families
            AND NOT coalesce(last_visit_date >= $as_of - INTERVAL 60 MONTH, false)) AS confirmed,
        array_compact(array(if(NOT open, 'CLOSED', NULL), if(arrays_overlap(rules, array('U1', 'U4')), 'DUPLICATE', NULL),
            if(array_contains(rules, 'X1'), 'DECEASED', NULL), if(confirmed, 'FAKE_CONFIRMED', NULL),
            if(fake_score >= 0.7 AND NOT confirmed, 'FAKE_SUSPECT', NULL), if(array_contains(rules, 'D1'), 'DORMANT_NEVER', NULL),
            if(array_contains(rules, 'D2'), 'DORMANT', NULL), 'ACTIVE')) AS states
    FROM scored
)
SELECT ehr_no, empi_id, person_uid, try_element_at(states, 1) AS state, filter(slice(states, 2, 10), s -> s <> 'ACTIVE') AS also, rules, fake_score,
    state IN ('DUPLICATE', 'DECEASED', 'FAKE_CONFIRMED') AND CASE state WHEN 'DUPLICATE' THEN true WHEN 'DECEASED' THEN true
        ELSE array_contains(rules, 'X3') END AS is_automatic,
    coalesce(open AND is_sure AND $as_of <= date_add(death_date, 30), false) AS pending,
    CASE state WHEN 'CLOSED' THEN cancel_reason WHEN 'DUPLICATE' THEN '5' WHEN 'DECEASED' THEN '1' WHEN 'FAKE_CONFIRMED' THEN '6' END AS close_reason,
    CASE state WHEN 'CLOSED' THEN cancel_date WHEN 'DUPLICATE' THEN $as_of WHEN 'DECEASED' THEN death_date WHEN 'FAKE_CONFIRMED' THEN $as_of END
        AS close_date,
    survivor_ehr_no, survivor_empi_id, merged_from, death_date, death_grade, create_date, last_event_date, event_count, county6, mana_org,
    _source_file, _row_no, _batch_id
FROM held;

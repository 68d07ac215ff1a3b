-- What each institution has to do: one row per archive and rule, with the records that prove it.

CREATE TABLE "themes/health/cleanup_list" AS
WITH everything AS (SELECT *, concat_ws('|', ehr_no, empi_id) AS archive_key FROM "themes/health/archive"),
judged AS (SELECT * FROM everything WHERE len(rules) > 0),
actions(rule, action, automatic, kinds) AS (VALUES
    ('U1', 'MERGE', true, ['archive', 'survivor']), ('U2', 'RENUMBER', false, ['archive', 'namesake']),
    ('U3', 'MERGE', false, ['archive', 'alike']),
    ('U4', 'MERGE', true, ['archive', 'survivor']), ('X1', 'CLOSE_DECEASED', true, ['archive', 'death']),
    ('X2', 'CLAWBACK', false, ['after_death', 'death']), ('X3', 'CLOSE_FAKE', true, ['archive', 'death']),
    ('X4', 'RESOLVE_DEATH_CONFLICT', false, ['archive', 'life']), ('X5', 'REVIEW_DEATH', false, ['archive', 'death']),
    ('X6', 'REVIEW_DEATH', false, ['archive', 'candidate', 'death_record']), ('N1', 'CORRECT_IDENTITY', false, ['archive', 'candidate']),
    ('D1', 'REVIEW_DORMANT', false, ['archive']),
    ('D2', 'REVIEW_DORMANT', false, ['archive']), ('F1', 'REVIEW_FAKE', false, ['archive']), ('F2', 'REVIEW_FAKE', false, ['archive']),
    ('F3', 'CORRECT_IDENTITY', false, ['archive', 'police']), ('F4', 'REVIEW_FAKE', false, ['archive']),
    ('F8', 'REVIEW_FAKE', false, ['archive', 'not_in_service'])),
flagged AS (
    SELECT ehr_no, service_no, service_date, if(service_kind = 'EXAM', 'health/examination', 'health/hypertension_followup') AS source_table,
        flags, _source_file, _row_no
    FROM "themes/health/service" WHERE service_kind <> 'VISIT' AND len(flags) > 0
),
probable AS (SELECT archive_key, person_uid FROM judged WHERE list_contains(rules, 'X6')),
stated AS (SELECT person_uid, unnest(sources) AS s FROM "base/population/death" WHERE status IN ('CONFIRMED', 'CANDIDATE')),
proofs AS (
    SELECT archive_key, 'archive' AS kind, 'health/archive' AS source_table, archive_key AS source_key, 'archive, state ' || state AS fact,
        _source_file, _row_no
    FROM judged
    UNION ALL
    SELECT l.archive_key, 'survivor', 'health/archive', k.archive_key, 'survivor of the merge', k._source_file, k._row_no
    FROM everything AS l JOIN everything AS k ON k.archive_key = concat_ws('|', l.survivor_ehr_no, l.survivor_empi_id)
    WHERE k.archive_key <> l.archive_key
    UNION ALL
    SELECT a.archive_key, 'namesake', 'health/archive', o.archive_key, 'same archive number', o._source_file, o._row_no
    FROM everything AS a JOIN everything AS o ON o.ehr_no = a.ehr_no AND o.archive_key <> a.archive_key WHERE list_contains(a.rules, 'U2')
    UNION ALL
    SELECT a.archive_key, 'alike', 'health/archive', concat_ws('|', o.ehr_no, o.empi_id), 'same name, birth, sex and phone', o._source_file, o._row_no
    FROM judged AS a JOIN "cleansed/health/archive" AS m ON m.ehr_no = a.ehr_no AND m.empi_id = a.empi_id
    JOIN "cleansed/health/archive" AS o USING (name_key, birth_date, sex_code, phone)
    WHERE list_contains(a.rules, 'U3') AND concat_ws('|', o.ehr_no, o.empi_id) <> a.archive_key
        AND o.status = '0' AND NOT coalesce(o.cancel_date <= o._business_date, false)
    UNION ALL
    SELECT archive_key, 'death', s.source_table, s.source_key, concat_ws(' ', 'death of grade', s.grade, s.death_date::VARCHAR),
        s._source_file, s._row_no
    FROM judged JOIN stated USING (person_uid)
    UNION ALL
    SELECT archive_key, 'life', s.source_table, s.source_key, concat_ws(' ', 'seen alive', s.event_date::VARCHAR), s._source_file, s._row_no
    FROM judged JOIN (SELECT person_uid, unnest(life_evidence) AS s FROM "base/population/death") USING (person_uid)
    UNION ALL
    SELECT archive_key, 'after_death', f.source_table, service_no, concat_ws(' ', 'service after the death', service_date::VARCHAR),
        f._source_file, f._row_no
    FROM judged JOIN flagged AS f USING (ehr_no) WHERE list_contains(flags, 'AFTER_DEATH')
    UNION ALL
    SELECT archive_key, 'not_in_service', f.source_table, service_no,
        concat_ws(' ', 'entered by an account not in service', service_date::VARCHAR), f._source_file, f._row_no
    FROM judged JOIN flagged AS f USING (ehr_no) WHERE list_contains(flags, 'F8')
    UNION ALL
    SELECT archive_key, 'police', police.source_table, police.source_key, 'owner of the number', police._source_file, police._row_no
    FROM judged JOIN "base/population/source_link" AS conflict
        ON conflict.source_table = 'health/archive' AND conflict.match = 'ID_NAME_CONFLICT' AND conflict.source_key = archive_key
    JOIN "base/population/source_link" AS police ON police.source_table = 'public_security/resident' AND police.id_no = conflict.id_no
    UNION ALL
    SELECT archive_key, 'candidate', police.source_table, police.source_key, probably(score, evidence), police._source_file, police._row_no
    FROM judged JOIN "base/population/scored_match" AS mine ON mine.source_table = 'health/archive' AND mine.source_key = archive_key
    JOIN "base/population/source_link" AS police ON police.source_table = 'public_security/resident' AND police.person_uid = candidate_uid
    UNION ALL
    SELECT archive_key, 'death_record', s.source_table, s.source_key, concat_ws(' ', 'death of grade', s.grade, s.death_date::VARCHAR),
        s._source_file, s._row_no
    FROM probable JOIN "base/population/scored_match" AS mine
        ON mine.source_table = 'health/archive' AND mine.source_key = archive_key AND is_clear(place, margin)
    JOIN stated ON stated.person_uid = candidate_uid
    UNION ALL
    SELECT archive_key, 'death_record', source_table, source_key, probably(score, evidence), _source_file, _row_no
    FROM probable JOIN "base/population/scored_match" ON candidate_uid = person_uid AND source_table <> 'health/archive' AND is_clear(place, margin)
),
wanted AS (
    SELECT archive_key, mana_org, ehr_no, empi_id, county6, person_uid, rule, action, automatic, kinds
    FROM (SELECT *, unnest(rules) AS rule FROM judged) JOIN actions USING (rule)
)
SELECT mana_org, ehr_no, empi_id, rule, action, automatic,
    list({source_table: source_table, source_key: source_key, fact: fact, _source_file: _source_file, _row_no: _row_no}
        ORDER BY source_table, source_key, fact)[1:20] AS evidence, county6, person_uid
FROM wanted JOIN proofs ON proofs.archive_key = wanted.archive_key AND list_contains(kinds, kind)
GROUP BY mana_org, ehr_no, empi_id, rule, action, automatic, county6, person_uid;

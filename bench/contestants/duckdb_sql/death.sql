-- Who has died, and when: one row a person, from every department that says so.

CREATE TABLE statements AS
WITH told AS (
    SELECT 'health/death_certificate' AS source_table, cert_no AS source_key, 'A' AS grade, death_datetime::DATE AS death_date, 'DAY' AS date_kind,
        _source_file, _row_no, if(birth_date <= _business_date, birth_date, NULL) AS stated_birth, 1 AS place, 'health' AS department,
        _business_date AS extract
    FROM "cleansed/health/death_certificate"
    UNION ALL
    SELECT 'public_security/death_cancellation', concat_ws('|', id_no, cancel_date::VARCHAR), if(death_date IS NULL, 'B', 'A'),
        coalesce(death_date, cancel_date), if(death_date IS NULL, 'CANCEL_DATE', 'DAY'), _source_file, _row_no, NULL, 2, 'public_security', _business_date
    FROM "cleansed/public_security/death_cancellation" WHERE coalesce(cancel_reason, '01') = '01'
    UNION ALL
    SELECT 'civil_affairs/cremation', cremation_no, 'B', coalesce(death_date, cremation_date - 1),
        if(death_date IS NULL, 'BEFORE_CREMATION', 'DAY'), _source_file, _row_no, NULL, 3, 'civil_affairs', _business_date
    FROM "cleansed/civil_affairs/cremation"
    UNION ALL
    SELECT 'human_resources/pension_payment', concat_ws('|', pay_month, person_no, item), 'C',
        try_cast(stop_month[1:4] || '-' || stop_month[5:6] || '-01' AS DATE) - 1, 'MONTH', _source_file, _row_no, NULL, 4, 'human_resources', _business_date
    FROM "cleansed/human_resources/pension_payment" WHERE stop_flag = '1' AND stop_reason = '01'
    UNION ALL
    SELECT 'health/archive', concat_ws('|', ehr_no, empi_id), 'C', dead_date, 'DAY', _source_file, _row_no,
        if(birth_date <= _business_date, birth_date, NULL), 5, 'health', _business_date
    FROM "cleansed/health/archive" WHERE dead_flag = '1'
),
usable AS (
    SELECT source_table, source_key, person_uid, id_no, is_sure(match_reason, match) AS sure
    FROM "base/population/source_link"
    WHERE person_uid IS NOT NULL AND match <> 'ID_NAME_CONFLICT' AND NOT (match = 'M2' AND NOT is_sure(match_reason, match))
),
linked AS (
    SELECT person_uid, source_table, source_key, if(sure, grade, 'C') AS grade, death_date, date_kind, _source_file, _row_no, place, department,
        sure, extract, coalesce(birth_of_number(id_no), stated_birth) AS birth
    FROM told JOIN usable USING (source_table, source_key)
)
SELECT * EXCLUDE (birth, date_kind, extract),
    CASE WHEN death_date > least($as_of, extract) THEN 'INVALID_FUTURE' WHEN death_date < birth THEN 'INVALID_BEFORE_BIRTH' ELSE date_kind END AS date_kind,
    NOT coalesce(death_date > least($as_of, extract) OR death_date < birth, false) AS valid
FROM linked;

CREATE TABLE deaths AS
WITH hints AS (SELECT * FROM statements WHERE valid AND sure AND grade = 'C' AND death_date IS NOT NULL),
confirmed AS (
    SELECT DISTINCT mine.person_uid, mine.source_table, mine.source_key, 'B' AS raised
    FROM hints AS mine JOIN hints AS other ON mine.person_uid = other.person_uid AND mine.department <> other.department
        AND greatest(mine.death_date, other.death_date) <= least(mine.death_date, other.death_date) + INTERVAL 12 MONTH
),
weighed AS (
    SELECT statements.*, coalesce(if(valid, raised, NULL), grade) AS weight
    FROM statements LEFT JOIN confirmed USING (person_uid, source_table, source_key)
)
SELECT person_uid,
    min({weight: weight, undated: death_date IS NULL, kind: list_position(['DAY', 'BEFORE_CREMATION', 'MONTH', 'CANCEL_DATE'], date_kind),
        place: place, death_date: death_date, source_key: source_key}) FILTER (valid) AS best,
    coalesce(max(death_date) FILTER (exact) - min(death_date) FILTER (exact) > 7, false) AS date_conflict,
    list({source_table: source_table, source_key: source_key, grade: grade, death_date: death_date, date_kind: date_kind,
        _source_file: _source_file, _row_no: _row_no} ORDER BY source_table, source_key) AS sources
FROM (SELECT *, valid AND grade IN ('A', 'B') AND date_kind NOT IN ('BEFORE_CREMATION', 'CANCEL_DATE') AS exact FROM weighed)
GROUP BY person_uid;

CREATE TABLE "base/population/death" AS
WITH graded AS (
    SELECT person_uid, best.weight AS grade, best.death_date AS death_date, date_conflict, sources,
        CASE WHEN best IS NULL THEN 'INVALID' WHEN best.weight IN ('A', 'B') THEN 'CONFIRMED' ELSE 'CANDIDATE' END AS status
    FROM deaths
),
seen AS (
    SELECT graded.person_uid, visit_time::DATE AS event_date, source_key, visit._source_file, visit._row_no
    FROM "cleansed/health/outpatient_visit" AS visit
    JOIN "base/population/source_link" AS link
        ON source_table = 'health/outpatient_visit' AND match IN ('M1', 'M1B') AND source_key = concat_ws('|', org_code, visit_no)
    JOIN graded ON graded.person_uid = link.person_uid AND visit_time::DATE > death_date + 7
        AND visit_time::DATE <= least($as_of, visit._business_date)
),
alive AS (
    SELECT person_uid, list({source_table: 'health/outpatient_visit', source_key: source_key, event_date: event_date,
        _source_file: _source_file, _row_no: _row_no} ORDER BY event_date, source_key)[1:10] AS life_evidence
    FROM seen GROUP BY person_uid
)
SELECT person_uid, death_date, grade, if(status = 'CONFIRMED' AND life_evidence IS NOT NULL, 'CONFLICT', status) AS status,
    status = 'CANDIDATE' AS is_candidate, date_conflict, sources, coalesce(life_evidence, []) AS life_evidence
FROM graded LEFT JOIN alive USING (person_uid);
DROP TABLE statements; DROP TABLE deaths;

-- Whom a record without a usable number probably speaks of: candidates with points for what agrees.

CREATE TABLE nameless AS
WITH told AS (
    SELECT 'health/archive' AS source_table, concat_ws('|', ehr_no, empi_id) AS source_key, id_no, id_no_raw, id_no_error, name_key,
        coalesce(_name_lost, false) AS is_lost, _name_placeholder AS is_placeholder, birth_date, year(birth_date) AS born_from,
        year(birth_date) AS born_to, sex_code, phone, village_of(village_code12) AS village, _source_file, _row_no, _batch_id
    FROM "cleansed/health/archive"
    UNION ALL
    SELECT 'health/death_certificate', cert_no, id_no, id_no_raw, id_no_error, name_key, coalesce(_name_lost, false), _name_placeholder,
        birth_date, year(birth_date), year(birth_date), sex_code, NULL, NULL, _source_file, _row_no, _batch_id
    FROM "cleansed/health/death_certificate"
    UNION ALL
    SELECT 'civil_affairs/cremation', cremation_no, id_no, id_no_raw, id_no_error, deceased_name_key, coalesce(_deceased_name_lost, false),
        _deceased_name_placeholder, NULL, year(coalesce(death_date, cremation_date)) - age - 1,
        year(coalesce(death_date, cremation_date)) - age + 1, sex_code, NULL, NULL, _source_file, _row_no, _batch_id
    FROM "cleansed/civil_affairs/cremation"
)
SELECT * EXCLUDE (id_no, id_no_raw, id_no_error, is_lost, is_placeholder),
    CASE WHEN id_no_error NOT IN ('E_NULL', 'E_PLACEHOLDER', 'E_CONTROL') THEN identity_form(id_no_raw) END AS number
FROM told SEMI JOIN (SELECT source_table, source_key FROM "base/population/source_link" WHERE match IN ('U', 'NONE')) USING (source_table, source_key)
WHERE id_no IS NULL AND name_key IS NOT NULL AND NOT is_placeholder AND (NOT is_lost OR name_in_part(name_key));

UPDATE nameless SET phone = NULL
WHERE phone IN (SELECT phone FROM "base/population/person" WHERE phone IS NOT NULL GROUP BY phone HAVING count(*) > 3);

CREATE TABLE scored AS
WITH known AS (
    SELECT person_uid AS candidate_uid, name AS their_name, name_key(name) AS their_key, former_name AS their_former,
        birth_date AS their_birth, sex_code AS their_sex, phone AS their_phone, id_no AS their_number, village_of(hukou_div) AS their_village
    FROM "base/population/person" WHERE id_no IS NOT NULL
),
pairs AS (
    SELECT * FROM nameless JOIN known ON name_key = their_key AND year(their_birth) BETWEEN born_from AND born_to
    UNION
    SELECT * FROM nameless JOIN known ON phone = their_phone
),
names AS (SELECT name, count(*) AS bearers FROM "base/population/person" WHERE name IS NOT NULL AND id_no IS NOT NULL GROUP BY name),
sizes AS (SELECT bearers, sum(count(*)) OVER (ORDER BY bearers DESC) AS names, sum(count(*)) OVER () AS all_names FROM names GROUP BY bearers),
frequent AS (SELECT name AS their_name FROM names JOIN sizes USING (bearers) WHERE sizes.names * 100 <= all_names),
compared AS (
    SELECT pairs.*, frequent.their_name IS NOT NULL AS is_frequent, same_name(name_key, whole_key, name_key(their_former)) AS kin,
        if(kin = 'ONE_EDIT' AND least(length(name_key), length(whole_key)) < 3, NULL, kin) AS agree,
        CASE WHEN birth_date = their_birth THEN 'BIRTH'
            WHEN year(birth_date) = year(their_birth) AND month(birth_date) = day(their_birth) AND day(birth_date) = month(their_birth)
                THEN 'BIRTH_TURNED'
            WHEN year(their_birth) BETWEEN born_from AND born_to THEN 'BIRTH_YEAR'
            WHEN year(their_birth) NOT BETWEEN born_from AND born_to THEN 'BIRTH_OTHER' END AS birth,
        coalesce(mistyped(number, their_number), false) AS slip
    FROM (SELECT *, if(name_lost(their_key) AND NOT name_in_part(their_key), NULL, their_key) AS whole_key FROM pairs) AS pairs
        LEFT JOIN frequent USING (their_name)
)
SELECT *, list_filter([
    if(agree = 'EXACT', 'NAME', NULL), if(agree = 'FORMER', 'NAME_FORMER', NULL), if(agree = 'RARE', 'NAME_PART', NULL),
    if(agree = 'ONE_EDIT', 'NAME_ONE_EDIT', NULL), if(agree IS NULL AND whole_key IS NOT NULL, 'NAME_OTHER', NULL),
    if(agree = 'EXACT' AND is_frequent, 'NAME_FREQUENT', NULL), birth,
    if(sex_code = their_sex, 'SEX', NULL), if(sex_code <> their_sex, 'SEX_OTHER', NULL), if(phone = their_phone, 'PHONE', NULL),
    if(village = their_village, 'VILLAGE', NULL), if(village <> their_village, 'VILLAGE_OTHER', NULL),
    if(slip, 'NUMBER_ONE_EDIT', NULL), if(number IS NOT NULL AND NOT slip, 'NUMBER_OTHER', NULL)], lambda e: e IS NOT NULL) AS evidence,
    list_sum(list_transform(evidence, lambda e: $points[list_position($evidence, e)])) AS points
FROM compared;

CREATE TABLE "base/population/scored_match" AS
WITH ranked AS (
    SELECT *, row_number() OVER best AS place, points - lead(points) OVER best AS ahead FROM scored
    WINDOW best AS (PARTITION BY source_table, source_key ORDER BY points DESC, candidate_uid)
)
SELECT source_table, source_key, candidate_uid, round(least(points, 100) / 100, 2) AS score, round(ahead / 100, 2) AS margin,
    place::INT AS place,
    if(place = 1 AND points >= 75 AND coalesce(ahead >= 10, true) AND list_has_any(evidence, ['NAME', 'NAME_FORMER', 'NAME_PART']),
        'LINK', 'REVIEW') AS decision,
    evidence, _source_file, _row_no, _batch_id
FROM ranked WHERE points >= 55 AND place <= 3;
DROP TABLE nameless; DROP TABLE scored;

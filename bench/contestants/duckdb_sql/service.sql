-- Every service, whose it is, what is wrong with it, and the archive it moves to in a merge.

CREATE TABLE linked_archives AS
SELECT archive.*, concat_ws('|', ehr_no, empi_id) AS archive_key, link.person_uid, link.match, link.match_reason,
    is_sure(link.match_reason, link.match) AS is_sure
FROM "cleansed/health/archive" AS archive LEFT JOIN "base/population/source_link" AS link
    ON source_table = 'health/archive' AND source_key = concat_ws('|', ehr_no, empi_id);

CREATE TABLE services AS
WITH given AS (
    SELECT 'EXAM' AS service_kind, exam_no AS service_no, ehr_no, exam_date AS service_date, org_code, doctor, NULL::VARCHAR AS way_code,
        NULL::VARCHAR AS class_code, sbp, dbp, input_user, input_time, _source_file, _row_no, _batch_id,
        exam_date <= least($as_of, _business_date) AS past, _business_date AS extract
    FROM "cleansed/health/examination"
    UNION ALL
    SELECT 'FOLLOWUP', fu_no, ehr_no, fu_date, NULL, doctor, way_code, class_code, sbp, dbp, input_user, input_time,
        _source_file, _row_no, _batch_id, fu_date <= least($as_of, _business_date), _business_date
    FROM "cleansed/health/hypertension_followup"
),
numbers AS (
    SELECT ehr_no, count(DISTINCT person_uid) > 1 AS ambiguous, if(ambiguous, NULL, min(archive_key)) AS archive_key,
        if(ambiguous, NULL, min(person_uid)) AS person_uid
    FROM linked_archives GROUP BY ehr_no
)
SELECT given.*, numbers.archive_key, numbers.person_uid, numbers.ambiguous FROM given LEFT JOIN numbers USING (ehr_no)
UNION ALL
SELECT 'VISIT', concat_ws('|', org_code, visit_no), NULL, visit_time::DATE, org_code, dr_code, NULL, NULL, NULL, NULL, NULL, NULL,
    visit._source_file, visit._row_no, visit._batch_id, visit_time::DATE <= least($as_of, visit._business_date), visit._business_date, NULL,
    link.person_uid, false
FROM "cleansed/health/outpatient_visit" AS visit LEFT JOIN "base/population/source_link" AS link
    ON source_table = 'health/outpatient_visit' AND source_key = concat_ws('|', org_code, visit_no);

CREATE TABLE elected AS
WITH last_services AS (
    SELECT ehr_no, max(service_date) AS last_service_date FROM services WHERE ehr_no IS NOT NULL AND past GROUP BY ehr_no
),
members AS (
    SELECT *, count(*) OVER (PARTITION BY person_uid) AS members FROM linked_archives
    WHERE status = '0' AND NOT coalesce(cancel_date <= _business_date, false) AND id_no IS NOT NULL AND match IN ('M1', 'M1B') AND is_sure
    QUALIFY members > 1
),
ranked AS (
    SELECT person_uid, m.ehr_no, empi_id, archive_key, members,
        sum(_id_no_upgraded::INT) OVER (PARTITION BY person_uid) AS upgraded, if(_id_no_upgraded, upgraded, members - upgraded) AS alike,
        row_number() OVER (PARTITION BY person_uid ORDER BY
            coalesce(town_of(village_code12) = town_of(hukou_div), false) DESC,
            coalesce(village_county = county_of(hukou_div) AND county_of(hukou_div) <> '321000', false) DESC,
            last_service_date DESC NULLS LAST, create_date NULLS LAST, m.ehr_no, empi_id) AS place
    FROM members AS m LEFT JOIN "base/population/person" AS p USING (person_uid) LEFT JOIN last_services USING (ehr_no)
),
groups AS (
    SELECT person_uid, min(ehr_no) FILTER (place = 1) AS survivor_ehr_no, min(empi_id) FILTER (place = 1) AS survivor_empi_id,
        list(archive_key ORDER BY archive_key) FILTER (place > 1) AS losers
    FROM ranked GROUP BY person_uid
)
SELECT ehr_no, empi_id, archive_key, survivor_ehr_no, survivor_empi_id, place = 1 AS is_survivor, if(place = 1, losers, NULL) AS merged_from,
    (alike - 1)::INT AS same_form, (members - alike)::INT AS other_form
FROM ranked JOIN groups USING (person_uid);

CREATE TABLE "themes/health/service" AS
WITH staffed AS (
    SELECT s.* EXCLUDE (org_code), coalesce(s.org_code, if(service_kind = 'FOLLOWUP', doctors.org_code, NULL)) AS org_code,
        coalesce(account.leave_date < if(input_time::DATE <= extract, input_time::DATE, NULL), false) OR coalesce(account.org_code <> coalesce(s.org_code,
            if(service_kind = 'FOLLOWUP', doctors.org_code, NULL)) AND coalesce(account.start_date <= if(input_time::DATE <= extract, input_time::DATE, NULL), true),
                false) AS not_in_service
    FROM services AS s LEFT JOIN "cleansed/health/staff" AS account ON account.licence_no = input_user
        LEFT JOIN "cleansed/health/staff" AS doctors ON doctors.licence_no = doctor
),
dead AS (SELECT person_uid, death_date AS died FROM "base/population/death" WHERE status = 'CONFIRMED'),
merged AS (SELECT archive_key, survivor_ehr_no FROM elected WHERE NOT is_survivor)
SELECT service_kind, service_no, ehr_no, archive_key, person_uid, service_date, org_code, doctor, way_code, class_code, sbp, dbp, input_user,
    input_time, list_filter([if(past AND service_date > died, 'AFTER_DEATH', NULL), if(not_in_service, 'F8', NULL),
        if(coalesce(ambiguous, false), 'AMBIGUOUS_ARCHIVE', NULL), if(ambiguous IS NULL, 'NO_ARCHIVE', NULL),
        if(NOT past, 'FUTURE', NULL)], lambda f: f IS NOT NULL) AS flags,
    coalesce(survivor_ehr_no, ehr_no) AS survivor_ehr_no, _source_file, _row_no, _batch_id
FROM staffed LEFT JOIN dead USING (person_uid) LEFT JOIN merged USING (archive_key);
DROP TABLE services;

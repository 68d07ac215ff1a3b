-- The golden person: every field from the most trustworthy source that has it.

CREATE TABLE `base/population/person` AS
WITH linked AS (SELECT * FROM `base/population/source_link` WHERE person_uid IS NOT NULL),
persons AS (
    SELECT person_uid, max(id_no) FILTER (WHERE match IN ('M1', 'M1B')) AS id_no,
        min(named_struct('nameless', name_worth(name), 'place', array_position(array('public_security/resident',
            'human_resources/pension_payment', 'health/archive',
            'health/outpatient_visit', 'citizen_card/card', 'public_security/death_cancellation', 'health/death_certificate',
            'civil_affairs/cremation'), source_table), 'source_key', source_key, 'name', name)).name AS name,
        CAST(count(DISTINCT source_table) AS INT) AS source_cnt, bool_or(source_table = 'public_security/resident') AS in_police,
        min(_business_date) AS first_seen, max(_business_date) AS last_seen
    FROM linked GROUP BY person_uid
),
newest_resident AS (
    SELECT person_uid, resident.* FROM `cleansed/public_security/resident` AS resident JOIN (
        SELECT * FROM (SELECT linked.person_uid, source_key AS person_no,
            row_number() OVER (PARTITION BY linked.person_uid ORDER BY op_time DESC NULLS LAST, source_key DESC) AS place
            FROM linked JOIN `cleansed/public_security/resident` ON person_no = source_key WHERE source_table = 'public_security/resident') WHERE place = 1
    ) USING (person_no)
),
newest_archive AS (
    SELECT person_uid, archive.* FROM `cleansed/health/archive` AS archive JOIN (
        SELECT * FROM (SELECT linked.person_uid, ehr_no, empi_id,
            row_number() OVER (PARTITION BY linked.person_uid ORDER BY update_time DESC NULLS LAST, source_key DESC) AS place
            FROM linked JOIN `cleansed/health/archive` ON concat_ws('|', ehr_no,
                empi_id) = source_key WHERE source_table = 'health/archive') WHERE place = 1
    ) USING (ehr_no, empi_id)
),
newest_card AS (
    SELECT person_uid, card.* FROM `cleansed/citizen_card/card` AS card JOIN (
        SELECT * FROM (SELECT linked.person_uid, source_key AS card_no,
            row_number() OVER (PARTITION BY linked.person_uid ORDER BY update_time DESC NULLS LAST, source_key DESC) AS place
            FROM linked JOIN `cleansed/citizen_card/card` ON card_no = source_key WHERE source_table = 'citizen_card/card') WHERE place = 1
    ) USING (card_no)
),
vital AS (
    SELECT person_uid, if(status = 'CONFIRMED', death_date, NULL) AS death_date,
        if(size(life_evidence) = 0 OR grade = 'C', grade, NULL) AS death_grade,
        CASE WHEN status = 'CONFIRMED' THEN 2 WHEN size(life_evidence) > 0 THEN 3 ELSE 1 END AS known_status
    FROM `base/population/death` WHERE status <> 'INVALID'
),
opened AS (
    SELECT DISTINCT linked.person_uid FROM linked JOIN `cleansed/health/archive` ON concat_ws('|', ehr_no, empi_id) = source_key
    WHERE source_table = 'health/archive' AND status = '0'
),
visited AS (
    SELECT DISTINCT linked.person_uid FROM linked JOIN `cleansed/health/outpatient_visit` ON concat_ws('|', org_code, visit_no) = source_key
    WHERE source_table = 'health/outpatient_visit' AND CAST(visit_time AS DATE) > $as_of - INTERVAL 12 MONTH AND CAST(visit_time AS DATE) <= $as_of
),
lives_here AS (SELECT person_uid, true AS lives_here FROM opened LEFT SEMI JOIN visited USING (person_uid))
SELECT person_uid, p.id_no, CASE WHEN p.id_no IS NOT NULL THEN pseudonym('RID:' || p.id_no) END AS id_no_hash, p.name, r.former_name,
    coalesce(if(p.id_no IS NULL, NULL, if(CAST(substring(p.id_no, 17, 1) AS INT) % 2 = 1, '1', '2')), r.sex_code, a.sex_code) AS sex_code,
    coalesce(birth_of_number(p.id_no), if(r.birth_date <= r._business_date, r.birth_date, NULL),
        if(a.birth_date <= a._business_date, a.birth_date, NULL)) AS birth_date, coalesce(r.ethnic_code, a.ethnic_code) AS ethnic_code,
    coalesce(r.marital_code, a.marital_code) AS marital_code, coalesce(r.education_code, a.education_code) AS education_code,
    r.hukou_no, r.household_head_rel, r.hukou_div, coalesce(r.hukou_addr, a.hukou_addr) AS hukou_addr,
    coalesce(a.address, r.hukou_addr) AS address, coalesce(c.phone, a.phone) AS phone, a.abo_code, a.rh_code, c.card_no, c.social_card_no,
    c.health_card_no, if(in_police, 'H', 'U') AS person_class, r.person_status, CAST(coalesce(known_status, 1) AS INT) AS vital_status,
    v.death_date, v.death_grade, coalesce(nullif(r.hukou_county, '321000'), nullif(a.village_county, '321000'), '321000') AS county6,
    coalesce(known_status, 1) <> 2
        AND ((in_police AND coalesce(r.person_status, '0') NOT IN ('1', '8', '9')) OR coalesce(lives_here, false)) AS resident_flag,
    source_cnt, first_seen, last_seen
FROM persons AS p LEFT JOIN newest_resident AS r USING (person_uid) LEFT JOIN newest_archive AS a USING (person_uid)
    LEFT JOIN newest_card AS c USING (person_uid) LEFT JOIN vital AS v USING (person_uid) LEFT JOIN lives_here USING (person_uid);

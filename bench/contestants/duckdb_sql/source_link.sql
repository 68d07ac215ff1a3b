-- Which person each record speaks of: by number (M1, M1B), document (M2), local number (M3), or a person of its own (U).

CREATE TABLE records AS
SELECT 'public_security/resident' AS source_table, person_no AS source_key, id_no, id_no_error AS id_error, name,
    CASE WHEN NOT coalesce(_name_lost, false) OR name_in_part(name_key) THEN name_key END AS name_key, former_name_key, NULL::VARCHAR AS document,
    []::VARCHAR[] AS local_numbers, _name_placeholder AS is_placeholder, 10 AS name_order, true AS introduces,
    _source_file, _row_no, _batch_id, _business_date
FROM "cleansed/public_security/resident"
UNION ALL
SELECT 'public_security/death_cancellation', concat_ws('|', id_no, cancel_date::VARCHAR), id_no, id_no_error, name,
    CASE WHEN NOT coalesce(_name_lost, false) OR name_in_part(name_key) THEN name_key END, NULL, NULL,
    [], _name_placeholder, 80, false, _source_file, _row_no, _batch_id, _business_date
FROM "cleansed/public_security/death_cancellation"
UNION ALL
SELECT 'human_resources/pension_payment', concat_ws('|', pay_month, person_no, item), id_no, id_no_error, name,
    CASE WHEN NOT coalesce(_name_lost, false) OR name_in_part(name_key) THEN name_key END, NULL, NULL,
    ['pension:' || person_no], _name_placeholder, 30, true, _source_file, _row_no, _batch_id, _business_date
FROM "cleansed/human_resources/pension_payment"
UNION ALL
SELECT 'health/archive', concat_ws('|', ehr_no, empi_id), id_no, id_no_error, name,
    CASE WHEN NOT coalesce(_name_lost, false) OR name_in_part(name_key) THEN name_key END, NULL, document_of(id_no, id_no_raw, id_no_error, id_type, birth_date),
    [], _name_placeholder, 40, true, _source_file, _row_no, _batch_id, _business_date
FROM "cleansed/health/archive"
UNION ALL
SELECT 'health/death_certificate', cert_no, id_no, id_no_error, name,
    CASE WHEN NOT coalesce(_name_lost, false) OR name_in_part(name_key) THEN name_key END, NULL, document_of(id_no, id_no_raw, id_no_error, id_type, birth_date),
    [], _name_placeholder, 90, false, _source_file, _row_no, _batch_id, _business_date
FROM "cleansed/health/death_certificate"
UNION ALL
SELECT 'health/outpatient_visit', concat_ws('|', org_code, visit_no), id_no, id_no_error, name,
    CASE WHEN NOT coalesce(_name_lost, false) OR name_in_part(name_key) THEN name_key END, NULL, document_of(id_no, id_no_raw, id_no_error, id_type, birth_date),
    CASE WHEN card_no IS NULL THEN [] ELSE ['card:' || card_no] END, _name_placeholder, 60, false, _source_file, _row_no, _batch_id, _business_date
FROM "cleansed/health/outpatient_visit"
UNION ALL
SELECT 'citizen_card/card', card_no, id_no, id_no_error, name,
    CASE WHEN NOT coalesce(_name_lost, false) OR name_in_part(name_key) THEN name_key END, NULL, NULL,
    list_filter(['card:' || card_no, 'card:' || health_card_no, 'card:' || social_card_no], lambda n: n IS NOT NULL),
    _name_placeholder, 70, true, _source_file, _row_no, _batch_id, _business_date
FROM "cleansed/citizen_card/card"
UNION ALL
SELECT 'civil_affairs/cremation', cremation_no, id_no, id_no_error, deceased_name,
    CASE WHEN NOT coalesce(_deceased_name_lost, false) OR name_in_part(deceased_name_key) THEN deceased_name_key END, NULL, NULL,
    [], _deceased_name_placeholder, 100, false, _source_file, _row_no, _batch_id, _business_date
FROM "cleansed/civil_affairs/cremation";

CREATE TABLE anchors AS
SELECT id_no, first.key AS anchor_key, first.former AS anchor_former
FROM (
    SELECT id_no, min({nameless: name_worth(CASE WHEN NOT is_placeholder THEN name_key END), name_order: name_order, source_key: source_key,
        key: CASE WHEN NOT is_placeholder THEN name_key END, former: former_name_key}) AS first
    FROM records WHERE id_no IS NOT NULL GROUP BY id_no
);

CREATE TABLE identified AS
SELECT *,
    CASE match_reason WHEN 'EXACT' THEN 'M1' ELSE if(match_reason IS NULL, 'ID_NAME_CONFLICT', 'M1B') END AS match,
    CASE WHEN match_reason IS NOT NULL THEN 'RID:' || id_no
        WHEN source_table IN ('public_security/resident', 'health/archive', 'citizen_card/card') THEN source_table || ':' || source_key END AS owner
FROM (
    SELECT records.*, anchor_key, anchor_former, name_agreement(name_key, anchor_key, anchor_former) AS match_reason
    FROM records JOIN anchors USING (id_no)
);

CREATE TABLE documents AS
SELECT document, first.key AS document_key, first.former AS document_former
FROM (
    SELECT document, min({nameless: name_worth(CASE WHEN NOT is_placeholder THEN name_key END), name_order: name_order, source_key: source_key,
        key: CASE WHEN NOT is_placeholder THEN name_key END, former: former_name_key}) AS first
    FROM records WHERE introduces AND document IS NOT NULL GROUP BY document
);

CREATE TABLE local_numbers AS
SELECT local_number, min(owner) AS local_owner, min(anchor_key) AS local_key, min(anchor_former) AS local_former
FROM (SELECT unnest(local_numbers) AS local_number, owner, anchor_key, anchor_former
    FROM identified WHERE match IN ('M1', 'M1B') AND introduces AND len(local_numbers) > 0)
GROUP BY local_number HAVING min(owner) = max(owner);

CREATE TABLE unidentified AS
WITH nameless AS (SELECT *, local_numbers[1] AS local_number FROM records WHERE id_no IS NULL),
first_records AS (
    SELECT source_table, local_number, min(source_key) AS first_key
    FROM nameless WHERE introduces AND local_number IS NOT NULL GROUP BY ALL
),
known AS (
    SELECT nameless.*, first_key, local_owner, documents.document IS NOT NULL AS known_document,
        name_agreement(name_key, local_key, local_former) AS how, name_agreement(name_key, document_key, document_former) AS how_document
    FROM nameless LEFT JOIN documents USING (document) LEFT JOIN local_numbers USING (local_number)
        LEFT JOIN first_records USING (source_table, local_number)
),
matched AS (
    SELECT *, CASE WHEN known_document THEN 'M2' WHEN local_owner IS NOT NULL AND how IS NOT NULL THEN 'M3' WHEN introduces THEN 'U'
        WHEN local_owner IS NOT NULL THEN 'ID_NAME_CONFLICT' ELSE 'NONE' END AS match
    FROM known
)
SELECT *,
    CASE match WHEN 'M2' THEN coalesce(how_document, 'DOCUMENT') WHEN 'M3' THEN how
        WHEN 'ID_NAME_CONFLICT' THEN upper(split_part(local_number, ':', 1)) END AS match_reason,
    CASE match WHEN 'M2' THEN document WHEN 'M3' THEN local_owner
        WHEN 'U' THEN source_table || ':' || coalesce(first_key, source_key) END AS owner
FROM matched;

CREATE TABLE "base/population/source_link" AS
WITH matched AS (
    SELECT source_table, source_key, owner, match, match_reason, id_no, id_error, name, _source_file, _row_no, _batch_id, _business_date
    FROM identified
    UNION ALL
    SELECT source_table, source_key, owner, match, match_reason, id_no, id_error, name, _source_file, _row_no, _batch_id, _business_date
    FROM unidentified
),
owners AS (SELECT owner, pseudonym(owner)[1:32] AS person_uid FROM (SELECT DISTINCT owner FROM matched WHERE owner IS NOT NULL))
SELECT source_table, source_key, person_uid, match, match_reason, id_no, id_error, name, _source_file, _row_no, _batch_id, _business_date
FROM matched LEFT JOIN owners USING (owner);
DROP TABLE records; DROP TABLE anchors; DROP TABLE identified; DROP TABLE documents; DROP TABLE local_numbers; DROP TABLE unidentified;

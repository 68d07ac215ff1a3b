-- What several statements need.

CREATE TEMPORARY FUNCTION is_sure(match_reason STRING, match STRING) RETURNS BOOLEAN RETURN
    coalesce(match_reason IN ('EXACT', 'FORMER') OR (match_reason = 'RARE' AND match IN ('M1', 'M1B')), false);

CREATE TEMPORARY FUNCTION town_of(d STRING) RETURNS STRING RETURN
    if(length(substring(d, 1, 9)) = 9 AND substring(d, 7, 3) <> '000', substring(d, 1, 9), NULL);

CREATE TEMPORARY FUNCTION county_of(d STRING) RETURNS STRING RETURN coalesce(substring(d, 1, 6), '321000');

CREATE TEMPORARY FUNCTION birth_of_number(n STRING) RETURNS DATE RETURN
    try_cast(concat_ws('-', substring(n, 7, 4), substring(n, 11, 2), substring(n, 13, 2)) AS DATE);

CREATE TEMPORARY FUNCTION document_of(id_no STRING, raw STRING, error STRING, id_type STRING, birth DATE) RETURNS STRING RETURN CASE
    WHEN id_no IS NULL AND id_type IN ('03', '04', '06', '07', '10') AND birth IS NOT NULL AND coalesce(error, '') <> 'E_PLACEHOLDER'
        AND NOT raw RLIKE '[*＊]' AND regexp_replace(upper(raw), '[^0-9A-Z]', '') RLIKE '^[0-9A-Z]{5,18}$'
    THEN concat_ws(':', id_type, regexp_replace(upper(raw), '[^0-9A-Z]', ''), date_format(birth, 'yyyyMMdd')) END;

CREATE TEMPORARY FUNCTION name_worth(n STRING) RETURNS INT RETURN
    CASE WHEN n IS NULL THEN 2 WHEN n RLIKE r'[*?□\x{fffd}\x{e000}-\x{f8ff}]' THEN 1 ELSE 0 END;

CREATE TEMPORARY FUNCTION name_in_part(n STRING) RETURNS BOOLEAN RETURN n RLIKE r'[?□\x{fffd}\x{e000}-\x{f8ff}]' AND NOT n LIKE '%*%'
    AND regexp_replace(n, r'[?□\x{fffd}\x{e000}-\x{f8ff}]', '') <> '';

CREATE TEMPORARY FUNCTION could_be(a STRING, b STRING) RETURNS BOOLEAN RETURN name_in_part(a) AND length(b) <= length(a)
    AND b LIKE regexp_replace(translate(a, '%_', '??'), r'[?□\x{fffd}\x{e000}-\x{f8ff}]+', '_%');

CREATE TEMPORARY FUNCTION name_agreement(a STRING, b STRING, former STRING) RETURNS STRING RETURN CASE
    WHEN a IS NULL OR b IS NULL THEN 'NO_NAME'
    WHEN a = b THEN 'EXACT'
    WHEN a = former THEN 'FORMER'
    WHEN length(a) BETWEEN 2 AND 100 AND length(b) BETWEEN 2 AND 100 AND (could_be(a, b) OR could_be(b, a)) THEN 'RARE'
    WHEN (a || b) RLIKE r'[*?□\x{fffd}\x{e000}-\x{f8ff}]' THEN 'NO_NAME'
    WHEN length(a) BETWEEN 2 AND 100 AND length(b) BETWEEN 2 AND 100 AND abs(length(a) - length(b)) <= 1
        AND NOT (a || b) RLIKE r'[*?□\x{fffd}\x{e000}-\x{f8ff}]' AND levenshtein(a, b) = 1 THEN 'ONE_EDIT' END;

CREATE TEMPORARY FUNCTION name_key(n STRING) RETURNS STRING RETURN upper(translate(n, $variants_from, $variants_to));

CREATE TEMPORARY FUNCTION identity_form(x STRING) RETURNS STRING RETURN CASE WHEN x RLIKE $identity THEN x
    ELSE regexp_replace(translate(x, $identity_from, $identity_to), $in_identity, '') END;

CREATE TEMPORARY FUNCTION village_of(d STRING) RETURNS STRING RETURN if(d LIKE '%000', NULL, d);

CREATE TEMPORARY FUNCTION one_slip(a STRING, b STRING, other ARRAY<INT>) RETURNS BOOLEAN RETURN size(other) = 1
    OR (size(other) = 2 AND get(other, 1) = get(other, 0) + 1 AND substring(a, get(other, 0), 2) = reverse(substring(b, get(other, 0), 2)));

CREATE TEMPORARY FUNCTION is_clear(place INT, margin DOUBLE) RETURNS BOOLEAN RETURN place = 1 AND coalesce(margin >= 0.1D, true);

CREATE TEMPORARY FUNCTION probably(score DOUBLE, evidence ARRAY<STRING>) RETURNS STRING RETURN
    'probably, score ' || CAST(score AS STRING) || ': ' || array_join(evidence, ', ');

-- How one delivered value is read. `x`: as delivered, `s`: in normal form. Most values are clean already: those take the short way.

CREATE MACRO odd(x) AS regexp_matches(x, '[\x{ff01}-\x{ff5e}\x{3000}\x{a0}\x{200b}-\x{200f}\x{feff}&<\x{fffd}\x00-\x1f\x7f-\x{9f}]|^ | \z');
CREATE MACRO damaged(x) AS regexp_matches(x, '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}]');
CREATE MACRO narrow(x) AS translate(x, $wide_from, $wide_to);
CREATE MACRO plain_text(x) AS
    trim(regexp_replace(narrow(x), '&[Nn][Bb][Ss][Pp];|<[Bb][Rr] */?>', ' ', 'g'), e' \t\r\n');
CREATE MACRO free_text(x) AS CASE WHEN odd(x) THEN CASE WHEN NOT damaged(x) THEN plain_text(x) END ELSE x END;
CREATE MACRO there(s) AS CASE WHEN upper(s) NOT IN ('', 'NULL', '\N', 'NONE', 'NAN', '无', '不详', '未知', '暂无', '空', '-', '--', '—', '/', '.',
    'N/A') THEN s END;

CREATE MACRO identifier_form(x) AS CASE
    WHEN regexp_full_match(x, '[0-9A-Z-]+') THEN x
    WHEN NOT damaged(x) THEN upper(regexp_replace(narrow(x), '^[ \t\r\n]*[''"]|[''"][ \t\r\n]*\z|[ \t\r\n]', '', 'g')) END;
CREATE MACRO identifier_of(s) AS CASE WHEN NOT regexp_matches(s, '^[0-9]\.[0-9]+[Ee]\+?1[3-9]\z') THEN s END;
CREATE MACRO archive_no_of(s) AS CASE WHEN regexp_full_match(s, '[0-9]{17}|[0-9]{20}') THEN s END;

CREATE MACRO code_of(s, labels, codes) AS codes[list_position(labels, upper(s))];

CREATE MACRO identity_form(x) AS CASE
    WHEN regexp_full_match(x, '[0-9]{15}|[0-9]{17}[0-9X]') THEN x
    WHEN NOT damaged(x) THEN regexp_replace(translate(x, $identity_from, $identity_to), '\.0[ ''"-]*\z|[ ''"-]+', '', 'g') END;
CREATE MACRO digit(s, i) AS ascii(s[i]) - 48;
CREATE MACRO check_digit(b) AS ('10X98765432')[(digit(b, 1) * 7 + digit(b, 2) * 9 + digit(b, 3) * 10 + digit(b, 4) * 5
    + digit(b, 5) * 8 + digit(b, 6) * 4 + digit(b, 7) * 2 + digit(b, 8) * 1 + digit(b, 9) * 6 + digit(b, 10) * 3 + digit(b, 11) * 7
    + digit(b, 12) * 9 + digit(b, 13) * 10 + digit(b, 14) * 5 + digit(b, 15) * 8 + digit(b, 16) * 4 + digit(b, 17) * 2) % 11 + 1];
CREATE MACRO identity_body(s) AS CASE WHEN length(s) = 15 THEN s[1:6] || '19' || s[7:15] ELSE s[1:17] END;
CREATE MACRO day_of_digits(d) AS try_cast(d[1:4] || '-' || d[5:6] || '-' || d[7:8] AS DATE);
CREATE MACRO birth_of_number(n) AS day_of_digits(n[7:14]);
CREATE MACRO plain_day(x) AS regexp_full_match(x, '[0-9]{4}-[0-9]{2}-[0-9]{2}');
CREATE MACRO province(s) AS s[1:2] IN $provinces OR (s[1] = '9' AND s[2:3] IN $foreign_provinces AND length(s) = 18);
CREATE MACRO identity_error(x, s, body, day) AS CASE
    WHEN x IS NOT NULL AND s IS NULL THEN 'E_CONTROL'
    WHEN there(s) IS NULL THEN 'E_NULL'
    WHEN regexp_matches(s, '^[0-9]\.[0-9]+[Ee]\+?1[3-9]\z') THEN 'E_SCI'
    WHEN regexp_matches(s, $repeated) OR s IN $placeholder_identity THEN 'E_PLACEHOLDER'
    WHEN length(s) NOT IN (15, 18) THEN 'E_LEN'
    WHEN NOT regexp_full_match(s, '[0-9]{17}[0-9X]|[0-9]{15}') THEN 'E_CHARS'
    WHEN NOT province(s) THEN 'E_DIVISION'
    WHEN birth_of_number(body) IS NULL OR body[7:10] = '0000' THEN 'E_DATE'
    WHEN length(s) = 15 AND s[13:15] BETWEEN '996' AND '999' THEN 'W_CENTURY'
    WHEN length(s) = 18 AND check_digit(body) <> s[18] THEN CASE WHEN s LIKE '%000' THEN 'E_EXCEL' ELSE 'E_CHECK' END
    WHEN birth_of_number(body) > day THEN 'E_FUTURE' END;
CREATE MACRO identity_of(s, body) AS CASE WHEN length(s) = 15 THEN body || check_digit(body) ELSE s END;

CREATE MACRO name_dots(s) AS translate(s, '•．・‧∙●⋅', '·······');
CREATE MACRO name_form(x) AS CASE
    WHEN regexp_full_match(x, '[\x{4e00}-\x{9fff}]+') THEN x
    WHEN regexp_matches(x, '[\x{3400}-\x{9fff}\x{f900}-\x{faff}\x{20000}-\x{3ffff}]')
        THEN translate(regexp_replace(free_text(name_dots(x)), '[ \t\r\n]+', ' ', 'g'), '. ', '·')
    ELSE regexp_replace(free_text(name_dots(x)), '[ \t\r\n]+', ' ', 'g') END;
-- translate builds its table for every value: only for those that need it
CREATE MACRO name_key(n) AS CASE WHEN regexp_matches(n, '[a-z ·' || $variants_from || ']') THEN upper(translate(n, $variants_from || ' ·',
    $variants_to)) ELSE n END;
CREATE MACRO name_lost(n) AS regexp_matches(n, '[*?□\x{fffd}\x{e000}-\x{f8ff}]');
CREATE MACRO name_placeholder(n) AS
    regexp_matches(n, '测试|[Tt][Ee][Ss][Tt]|无名|未知|某|之[子女]|[0-9*xX]{2,}') OR n IN $placeholder_person_name;
CREATE MACRO name_in_part(n) AS name_lost(n) AND NOT contains(n, '*') AND regexp_replace(n, '[?□\x{fffd}\x{e000}-\x{f8ff}]', '', 'g') <> '';
CREATE MACRO could_be(a, b) AS name_in_part(a) AND length(b) <= length(a)
    AND b LIKE regexp_replace(translate(a, '%_\', '???'), '[?□\x{fffd}\x{e000}-\x{f8ff}]+', '_%', 'g');
CREATE MACRO same_name(a, b, former) AS CASE
    WHEN a = b THEN 'EXACT'
    WHEN a = former THEN 'FORMER'
    WHEN length(a) BETWEEN 2 AND 100 AND length(b) BETWEEN 2 AND 100 AND (could_be(a, b) OR could_be(b, a)) THEN 'RARE'
    WHEN length(a) BETWEEN 2 AND 100 AND length(b) BETWEEN 2 AND 100 AND abs(length(a) - length(b)) <= 1
        AND NOT name_lost(a || b) AND one_edit(a, b) THEN 'ONE_EDIT' END;
CREATE MACRO name_agreement(a, b, former) AS coalesce(same_name(a, b, former),
    CASE WHEN a IS NULL OR b IS NULL OR name_lost(a) OR name_lost(b) THEN 'NO_NAME' END);
CREATE MACRO name_worth(n) AS CASE WHEN n IS NULL THEN 2 WHEN name_lost(n) THEN 1 ELSE 0 END;

CREATE MACRO phone_form(x) AS CASE
    WHEN regexp_full_match(x, '1[0-9]{10}') THEN x
    WHEN NOT damaged(x) THEN regexp_replace(regexp_replace(
        regexp_replace(narrow(x), '[ \t\r\n()''"—-]|\.0\z', '', 'g'),
        '^(?:[+]86|0086|86)([0-9]{10,12})\z', '\1'), '^0(1[0-9]{10})\z', '\1') END;
CREATE MACRO phone_of(s) AS CASE
    WHEN s IN $placeholder_phone
        OR regexp_matches(s, '(?:0{7}|1{7}|2{7}|3{7}|4{7}|5{7}|6{7}|7{7}|8{7}|9{7})\z|01234567|12345678|23456789|98765432|87654321|76543210')
        THEN NULL
    WHEN regexp_full_match(s, '1(?:3[0-9]|4[5-9]|5[0-35-9]|6[2567]|7[0-35-8]|8[0-9]|9[0-35-9])[0-9]{8}') THEN s
    WHEN regexp_full_match(s, '(?:0?514)?[2-8][0-9]{7}') THEN '0514' || right(s, 8)
    WHEN regexp_full_match(s, '(?:0?514)?[2-8][0-9]{6}') THEN '0514' || right(s, 7) END;

CREATE MACRO day_and_clock(s) AS regexp_full_match(s,
    '[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-4])[0-5][0-9](?:[0-5][0-9])?');
CREATE MACRO is_millis(s) AS regexp_full_match(s, '-?(?:[0-9]{13}|[1-9][0-9]{7,8}000)');
CREATE MACRO here(epoch_ms) AS make_timestamp((epoch_ms::BIGINT + 28800000) * 1000);
CREATE MACRO written_year(y) AS CASE WHEN length(y) = 4 THEN y WHEN y < '30' THEN '20' || y ELSE '19' || y END;
CREATE MACRO iso_of(d, excel) AS CASE
    WHEN regexp_full_match(d, '[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN d
    WHEN regexp_full_match(d, '[0-9]{8}') THEN d[1:4] || '-' || d[5:6] || '-' || d[7:8]
    WHEN regexp_full_match(d, '([0-9]{4}|[0-9]{2})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?')
        THEN written_year(regexp_extract(d, '^[0-9]+')) || '-' || lpad(regexp_extract(d, '[-/.年]([0-9]{1,2})[-/.月]', 1), 2, '0')
            || '-' || lpad(regexp_extract(d, '[-/.月]([0-9]{1,2})日?\z', 1), 2, '0')
    WHEN is_millis(d) THEN strftime(here(d), '%Y-%m-%d')
    WHEN excel AND regexp_full_match(d, '[0-9]{5}(?:[.]0+)?') AND d[1:5]::INT BETWEEN 20000 AND 60000
        THEN (DATE '1899-12-30' + d[1:5]::INT)::VARCHAR END;
CREATE MACRO day_in_range(iso) AS CASE WHEN iso[1:4] BETWEEN '1800' AND '2199' AND iso NOT IN $placeholder_date THEN iso END;
CREATE MACRO without_clock(s) AS CASE
    WHEN regexp_matches(s, '^[0-9]{4}[^\n]*[ T][0-9]{1,2}:') THEN regexp_extract(s, '^(.*?[0-9日])[T ] *[0-9]{1,2}:', 1)
    WHEN day_and_clock(s) THEN s[1:8] ELSE s END;

CREATE MACRO plain_stamp(x) AS
    regexp_full_match(x, '[0-9]{4}-[0-9]{2}-[0-9]{2} (?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}');
CREATE MACRO clock_hour(h, half) AS CASE
    WHEN half IN ('下午', 'PM') AND h BETWEEN '01' AND '11' THEN (h::INT + 12)::VARCHAR
    WHEN half IN ('上午', 'AM') AND h = '12' THEN '00'
    WHEN half IN ('上午', 'AM') AND h > '12' THEN NULL ELSE h END;
CREATE MACRO stamp_parts(s) AS regexp_extract(
    regexp_replace(regexp_replace(s, '^([0-9]{8})([0-9]{4}(?:[0-9]{2})?)\z', '\1 \2'), ' {0,3}(上午|下午|[AaPp][Mm]) {0,3}', ' '),
    '^([^\n]*?[0-9日])(?:[T ] *([0-9]{1,2}):?([0-9]{2})(?::?([0-9]{2})([.][0-9]{1,6})?[0-9]*)? *(Z|[+-][0-9]{2}:?[0-9]{2})?)?\z',
    ['day', 'hour', 'minute', 'second', 'fraction', 'zone']);
CREATE MACRO zone_seconds(z) AS CASE WHEN z IN ('', 'Z') THEN 0
    ELSE (CASE WHEN z[1] = '-' THEN -1 ELSE 1 END) * (z[2:3]::INT * 3600 + right(z, 2)::INT * 60) END;
CREATE MACRO stamp_of(iso, p, half) AS try_cast(day_in_range(iso) || ' '
    || CASE WHEN p.hour = '24' THEN '00' ELSE clock_hour(lpad(if(p.hour = '', '00', p.hour), 2, '0'), half) END || ':'
    || if(p.minute = '', '00', p.minute) || ':' || if(p.second = '', '00', p.second) || p.fraction AS TIMESTAMP)
    + to_days(if(p.hour = '24', 1, 0)) + to_seconds(if(p.zone = '', 0, 28800 - zone_seconds(p.zone)));

CREATE MACRO month_digits(s) AS CASE WHEN regexp_full_match(s, '([0-9]{4})[-/.年]?([0-9]{1,2})月?')
    THEN s[1:4] || lpad(regexp_extract(s, '^[0-9]{4}[-/.年]?([0-9]{1,2})', 1), 2, '0') END;
CREATE MACRO month_in_range(m) AS CASE WHEN m NOT IN ('000000', '190001', '197001', '999912')
    AND m[1:4] BETWEEN '1800' AND '2199' AND m[5:6] BETWEEN '01' AND '12' THEN m END;

CREATE MACRO bare_number(s) AS CASE
    WHEN regexp_matches(s, '^[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)\z') THEN s
    ELSE replace(regexp_replace(s, '^[¥￥]?([+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:[.][0-9]+)?|[+-]?[0-9.]+) *元?\z', '\1'), ',', '') END;
CREATE MACRO exact_number(n, whole, scale) AS CASE
    WHEN regexp_matches(n, '^[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)\z')
        AND length(regexp_extract(n, '^[+-]?0*([0-9]*)', 1)) <= whole
        AND length(rtrim(regexp_extract(n, '[.]([0-9]*)', 1), '0')) <= scale
    THEN n END;

CREATE MACRO division_of(code, moved) AS CASE
    WHEN NOT regexp_matches(code, '(?:000|00[1-9]|0[1-9][0-9]|[1-5][0-9]{2})\z') THEN NULL
    WHEN code[1:9] IN $towns THEN code
    WHEN code[1:6] IN $counties AND code LIKE '%000000' THEN code
    WHEN moved[1:9] IN $towns THEN moved
    WHEN moved IS NOT NULL THEN rpad(moved[1:6], 12, '0')
    WHEN code[1:6] IN $counties THEN rpad(code[1:6], 12, '0') END;
CREATE MACRO division_code(s) AS CASE
    WHEN regexp_full_match(s, '[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12}') THEN rpad(s, 12, '0')
    WHEN NOT regexp_full_match(s, '[0-9]+') THEN $division_codes[list_position($division_names,
        regexp_replace(s, '^(?:江苏省|江苏)?(?:扬州市([^\n]))?| ', '\1', 'g'))] END;
CREATE MACRO division_today(code) AS $successor_codes[list_position($successor_names, code[1:6])] || code[7:12];
CREATE MACRO plain_division(x) AS
    regexp_full_match(x, '[0-9]{9}(?:000|00[1-9]|0[1-9][0-9]|[1-5][0-9]{2})') AND x[1:9] IN $towns;
CREATE MACRO county_of(d) AS coalesce(d[1:6], '321000');

CREATE MACRO document_of(id_no, raw, error, id_type, birth) AS CASE
    WHEN id_no IS NULL AND id_type IN ('03', '04', '06', '07', '10') AND birth IS NOT NULL AND coalesce(error, '') <> 'E_PLACEHOLDER'
        AND NOT regexp_matches(raw, '[*＊]') AND regexp_full_match(regexp_replace(upper(raw), '[^0-9A-Z]', '', 'g'), '[0-9A-Z]{5,18}')
    THEN id_type || ':' || regexp_replace(upper(raw), '[^0-9A-Z]', '', 'g') || ':' || strftime(birth, '%Y%m%d') END;
CREATE MACRO is_sure(match_reason, match) AS coalesce(match_reason IN ('EXACT', 'FORMER') OR (match_reason = 'RARE' AND match IN ('M1', 'M1B')), false);

CREATE MACRO village_of(d) AS if(d LIKE '%000', NULL, d);
CREATE MACRO one_slip(a, b, other) AS len(other) = 1
    OR (len(other) = 2 AND other[2] = other[1] + 1 AND a[other[1]] = b[other[2]] AND a[other[2]] = b[other[1]]);
CREATE MACRO mistyped(a, b) AS (length(a) = 18 AND length(b) = 18 AND one_slip(a, b, list_filter(range(1, 19), lambda i: a[i] <> b[i])))
    OR (length(a) = 17 AND a = b[1:17]);
CREATE MACRO is_clear(place, margin) AS place = 1 AND coalesce(margin >= 0.1, true);
CREATE MACRO probably(score, evidence) AS 'probably, score ' || score::VARCHAR || ': ' || array_to_string(evidence, ', ');

CREATE MACRO town_of(d) AS if(length(d[1:9]) = 9 AND d[7:9] <> '000', d[1:9], NULL);

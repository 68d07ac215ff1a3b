"""What delivered texts look like: patterns and lists on which the rivals agree, whatever they are written in."""

BLANKS = " \t\r\n"
WIDE = {chr(c): chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)} | {"\u3000": " "}
INVISIBLE = dict.fromkeys([*map(chr, range(0x200B, 0x2010)), "\ufeff"], "")
NARROW = WIDE | {"\u00a0": " "} | INVISIBLE
OF_NUMBERS = WIDE | dict.fromkeys("×хХΧⅩⅹ", "X") | INVISIBLE | dict.fromkeys(" \t\r\n-'\"\u00a0", "")
"""Character -> what it stands for in an identity number."""
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}]"
ODD = r"[\x{ff01}-\x{ff5e}\x{3000}\x{a0}\x{200b}-\x{200f}\x{feff}&<\x{fffd}\x00-\x1f\x7f-\x{9f}]|^ | \z"
HTML = r"&[Nn][Bb][Ss][Pp];|<[Bb][Rr] */?>"
HAN = r"\x{3400}-\x{9fff}\x{f900}-\x{faff}\x{20000}-\x{3ffff}"
DAY, CLOCKED = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\z", r"^[0-9]{4}[^\n]*[ T][0-9]{1,2}:"
WRITTEN = r"^([0-9]{4}|[0-9]{2})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?\z"
DIGITS_OF_DAY = r"^[0-9]{8}\z"
DAY_AND_CLOCK = r"^[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-4])[0-5][0-9](?:[0-5][0-9])?\z"
BEFORE_CLOCK, RUN_TOGETHER = r"^(.*?[0-9日])[T ] *[0-9]{1,2}:", r"^([0-9]{8})([0-9]{4}(?:[0-9]{2})?)\z"
SERIAL = r"^[0-9]{5}(?:[.]0+)?\z"
HALF = "(上午|下午|[AaPp][Mm])"
MONTH = r"^([0-9]{4})[-/.年]?([0-9]{1,2})月?\z"
NO_MONTHS = ("000000", "190001", "197001", "999912")
MILLIS = r"^-?(?:[0-9]{13}|[1-9][0-9]{7,8}000)\z"
"""Of a text that is not DAY_AND_CLOCK."""
STAMP = r"^([^\n]*?[0-9日])(?:[T ] *([0-9]{1,2}):?([0-9]{2})(?::?([0-9]{2})([.][0-9]{1,6})?[0-9]*)? *(Z|[+-][0-9]{2}:?[0-9]{2})?)?\z"
STAMP_PARTS = ("day", "hour", "minute", "second", "fraction", "zone")
USUAL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} (?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\z"
PLAIN = r"^[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)\z"
DECORATED = r"^[¥￥]?([+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:[.][0-9]+)?|[+-]?[0-9.]+) *元?\z"
MOBILE = r"^1(?:3[0-9]|4[5-9]|5[0-35-9]|6[2567]|7[0-35-8]|8[0-9]|9[0-35-9])[0-9]{8}\z"
REPEATED = "|".join(f"{d}{{10}}" for d in range(10)) + "|^(?:" + "|".join(f"{d}{{2,}}" for d in range(10)) + r")\z"
SCIENTIFIC = r"^[0-9]\.[0-9]+[Ee]\+?1[3-9]\z"
IDENTIFIER, AROUND_IDENTIFIER = r"^[0-9A-Z-]+\z", r"^[ \t\r\n]*['\"]|['\"][ \t\r\n]*\z|[ \t\r\n]"
ARCHIVE_NO = r"^(?:[0-9]{17}|[0-9]{20})\z"
IDENTITY, IN_IDENTITY = r"^(?:[0-9]{15}|[0-9]{17}[0-9X])\z", r"\.0[ '\"-]*\z|[ '\"-]+"
PHONE, IN_PHONE = r"^1[0-9]{10}\z", r"[ \t\r\n()'\"—-]|\.0\z"
PREFIXED_PHONE, ZERO_MOBILE = r"^(?:[+]86|0086|86)([0-9]{10,12})\z", r"^0(1[0-9]{10})\z"
LANDLINE = {n: rf"^(?:0?514)?[2-8][0-9]{{{n - 1}}}\z" for n in (8, 7)}
"""Digits -> a number of the city's that has so many without its area."""
CLEAN_NAME = r"^[\x{4e00}-\x{9fff}]+\z"
NUMBER_LIKE, NAME_LIKE = r"^(?:[0-9]{17}[0-9X*]|[0-9]{15})\z", rf"^[{HAN}][{HAN}·]{{1,19}}\z"
DOTS = "•．・‧∙●⋅"
NAME_PLACEHOLDER = "测试|[Tt][Ee][Ss][Tt]|无名|未知|某|之[子女]|[0-9*xX]{2,}"
NAME_LOST = r"[*?□\x{fffd}\x{e000}-\x{f8ff}]"
NAME_MARK = r"[?□\x{fffd}\x{e000}-\x{f8ff}]"
"""What stands for a lost character; the asterisk hides one that is known."""
DIVISION, BEFORE_DIVISION = r"^(?:[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})\z", r"^(?:江苏省|江苏)?(?:扬州市([^\n]))?| "
VILLAGE = r"(?:000|00[1-9]|0[1-9][0-9]|[1-5][0-9]{2})\z"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
PROVINCES = (
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43",
    "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71",
)  # fmt: skip
HOME_PROVINCES = (*PROVINCES, "81", "82", "83")
NOTHING = ("", "NULL", "\\N", "NONE", "NAN", "无", "不详", "未知", "暂无", "空", "-", "--", "—", "/", ".", "N/A")
PHONE_PLACEHOLDER = "|".join(
    [*(rf"{d}{{7}}\z" for d in range(10)), *("01234567", "12345678", "23456789", "98765432", "87654321", "76543210")]
)

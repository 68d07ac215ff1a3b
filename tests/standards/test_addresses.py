"""Addresses: the elements of the grammar, one key for one flat, how far an address could be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from standards.rules import Options, parse

VECTORS = {
    "江苏省扬州市广陵区东关街道彩衣街８８号": ("321002|321002001|彩衣街|88号||||", 6),
    "扬州市邗江区邗上街道翠岗新村3幢2单元501室": ("321003|321003001|||翠岗新村|3|2|501", 9),
    "邗江区邗上街道翠岗新村三幢二单元５０１": ("321003|321003001|||翠岗新村|3|2|501", 9),
    "邗江 翠岗新村3-2-501": ("321003||||翠岗新村|3|2|501", 9),
    "江都市仙女镇龙川路12号(原电影院旁)": ("321012|321012100|龙川路|12号||||", 6),
    "高邮市临泽镇洋汊村三组": ("321084|321084115||||||", 4),
    "开发区文汇街道扬子江中路186号智谷大厦A座8楼": ("321071|321071051|扬子江中路|186号|智谷大厦|A||", 7),
    "邗上文汇西路二十三号": ("321003|321003001|文汇西路|23号||||", 6),
    "仙女镇": ("321012|321012100||||||", 3),
    "广陵区": ("321002|||||||", 2),
    "江都路1号": ("||江都路|1号||||", 6),
    "高邮路5号": ("||高邮路|5号||||", 6),
    "邗江中路1号": ("||邗江中路|1号||||", 6),
    "扬州市仪征大道8号": ("||仪征大道|8号||||", 6),
    "邗江区江都路1号": ("321003||江都路|1号||||", 6),
    "江都大桥镇": ("321012|321012118||||||", 3),
    "邗江": ("321003|||||||", 2),
    "邗江区邗上街道翠岗新村十幢二单元501室": ("321003|321003001|||翠岗新村|10|2|501", 9),
    "翠岗新村二十二幢十一单元501室": ("||||翠岗新村|22|11|501", 9),
    "文汇西路一百二十号": ("||文汇西路|120号||||", 6),
    "文汇西路一百零五号之三": ("||文汇西路|105号之3||||", 6),
    "文汇西路二百号": ("||文汇西路|200号||||", 6),
    "文汇西路一百一十二号": ("||文汇西路|112号||||", 6),
    "三元路二十号": ("||三元路|20号||||", 6),
    "生态科技新城杭集镇三笑大道1号": ("321002|321002401|三笑大道|1号||||", 6),
    "扬州市生态科技新城泰安镇": ("321002|321002402||||||", 3),
    "蜀冈-瘦西湖风景名胜区城北街道瘦西湖路1号": ("321003|321003053|瘦西湖路|1号||||", 6),
    "市区": ("|||||||", 1),
    "暂住": ("|||||||", 0),
}


@pytest.mark.proves("D34")
def test_vectors_of_the_grammar(spark: SparkSession, proven: Callable[..., None]) -> None:
    options = Options(business_date=F.lit("2019-12-31").cast("date"), companions=("key", "level"))
    frame = spark.createDataFrame([(t,) for t in (*VECTORS, None)], "raw string")
    found = {r["raw"]: (r["a"]["key"], r["a"]["level"]) for r in parse(frame, {"a": ("address", "raw", options)}).collect()}
    assert found.pop(None) == (None, None)
    assert found == VECTORS
    proven(
        done="ways of writing addresses: names of counties in roads, numbers in Han characters, 3-2-501, remarks, towns alone",
        seen="each has the key and the level of the grammar; three ways of writing one flat share compound, building, unit, room",
    )

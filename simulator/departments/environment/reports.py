"""What residents complain of, and what drones, boats, vehicles and satellites see."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, clock_text, decimals, night_of, numbers, office_seconds, only, pick
from simulator.departments.environment import ENVIRONMENT
from simulator.dirt import Cell, labels
from simulator.drops import sm3
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import FAULTY, moment_text
from simulator.world.nature import places
from simulator.world.people import draw_names, draw_phones

PER_DAY = 4
COMPLAINTS = {
    "WATER": "河水又黑又臭",
    "AIR": "夜间有刺鼻气味",
    "NOISE": "工地夜间施工噪声扰民",
    "WASTE": "河边堆放垃圾无人清理",
    "OTHER": "反映环境卫生问题",
}
SHOWS = {
    "CHLA": ("SATELLITE", "UG_L", 18.0, 10.0), "TURBIDITY": ("SATELLITE", "NTU", 32.0, 10.0), "BLACK_ODOROUS": ("UAV", "INDEX", 0.4, 0.05),
    "FLOATING": ("BOAT", "M2", 60.0, 0.1),
}  # fmt: skip
"""Product -> platform, unit, usual mean, resolution in metres."""
BOX = (("west", 0, 0), ("south", 1, 0), ("east", 0, 0.04), ("north", 1, 0.03))
"""Side of a scene, axis, degrees from the first position of its water."""
EVERY = 5
"""Days between two scenes of a product and a water."""


@ENVIRONMENT.table(
    "petition",
    dirt=(
        Cell("D39", "caller_phone", 0.02),
        Cell("D02", "caller_name", 0.02),
        Cell("D22", "kind", 0.1, kind=labels({"WATER": ("水污染",), "AIR": ("大气",), "NOISE": ("噪音",)})),
        Cell("D40", "content", 0.02),
        Cell("D37", "received_at", 0.003),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "received_at", 0.001),),
    number=Number("petition_no", 2),
)
def petitions(registers: Registers) -> pd.DataFrame:
    """Complaints of a few residents each day; those about water name the water."""
    world, rng = registers.world, registers.world.stream("petitions")
    n = PER_DAY * world.timeline.days
    day = np.sort(AS_OF - rng.integers(0, world.timeline.days, n))
    day[-2 * PER_DAY :] = AS_OF - np.arange(2 * PER_DAY)[::-1] // PER_DAY
    kind = pick(rng, list(COMPLAINTS), n, [25, 30, 25, 12, 8])
    waters = places("water_bodies")
    at = rng.choice(len(waters), n, p=(waters["cleanliness_number"] ** 2 / (waters["cleanliness_number"] ** 2).sum()).to_numpy())
    about_water, answered = kind == "WATER", day <= AS_OF - 4
    sex = pick(rng, ["1", "2"], n)
    return pd.DataFrame(
        {
            "petition_no": "XF" + numbers(np.arange(n) + 1, 8),
            "received_at": clock_text(day, office_seconds(rng, n)),
            "kind": kind,
            "water_body": only(about_water, waters["code"].to_numpy(dtype=object)[at]),
            "county6": waters["county6"].to_numpy(dtype=object)[at],
            "content": pd.Series(kind).map(COMPLAINTS),
            "caller_name": draw_names(rng, sex),
            "caller_phone": draw_phones(rng, n),
            "replied_at": only(answered, clock_text(day + rng.integers(1, 4, n), office_seconds(rng, n))),
            "_night": night_of(day),
        }
    )


@ENVIRONMENT.table(
    "remote_sensing_scene",
    dirt=(
        Cell("D22", "unit", 0.1, kind=labels({"UG_L": ("µg/L", "mg/m3"), "NTU": ("FNU",), "INDEX": ("无量纲",)})),
        Cell("D22", "platform", 0.05, kind=labels({"SATELLITE": ("卫星",), "UAV": ("无人机",), "BOAT": ("无人船",)})),
        Cell("D37", "captured_at", 0.003),
    ),
    copies=0.01,
    rejected=(Rejected("UNKNOWN_CODE", "unit", 0.003), Rejected("UNREADABLE", "captured_at", 0.001)),
    number=Number("scene_id", 2),
)
def scenes(registers: Registers) -> pd.DataFrame:
    """Scenes of lakes from satellites, of small waters from drones and boats, with the figures of each; the rasters stay files."""
    world, rng = registers.world, registers.world.stream("scenes")
    waters = places("water_bodies")
    lakes, small = waters[waters["kind"] == "LAKE"], waters[waters["cleanliness_number"] > 2]
    seen = [
        (product, water, i) for product in SHOWS for i, water in enumerate((lakes if SHOWS[product][0] == "SATELLITE" else small)["code"])
    ]
    days = AS_OF - np.arange(world.timeline.days)[::-1]
    plan = pd.DataFrame(seen, columns=["product", "code", "turn"]).merge(pd.DataFrame({"day": days}), how="cross")
    plan = plan[(plan["day"].to_numpy().astype("datetime64[D]").astype(int) + plan["turn"]) % EVERY == 0].sort_values("day", kind="stable")
    n, day = len(plan), plan["day"].to_numpy().astype("datetime64[D]")
    platform, unit, usual, resolution = (plan["product"].map({p: s[i] for p, s in SHOWS.items()}).to_numpy() for i in range(4))
    mean = usual.astype(float) * np.exp(0.3 * rng.normal(size=n))
    place = waters.set_index("code")["geometry"].loc[plan["code"]].str.extract(r"\(([0-9.]+) ([0-9.]+)").astype(float).to_numpy()
    captured = day.astype("datetime64[s]") + (10 * 3600 + rng.integers(0, 3600, n)).astype("timedelta64[s]")
    scene = "RS" + numbers(np.arange(n) + 1, 8)
    return pd.DataFrame(
        {
            "scene_id": scene,
            "platform": platform,
            "captured_at": moment_text(captured),
            "product": plan["product"].to_numpy(dtype=object),
            "water_body": plan["code"].to_numpy(dtype=object),
            "value_min": decimals(mean * rng.uniform(0.3, 0.7, n), 3),
            "value_mean": decimals(mean, 3),
            "value_max": decimals(mean * rng.uniform(1.4, 2.5, n), 3),
            "unit": unit,
            "resolution_m": decimals(resolution.astype(float), 2),
            **{side: decimals(place[:, axis] + further, 5) for side, axis, further in BOX},
            "file_name": scene + ".tif",
            "file_sm3": [sm3(name.encode()) for name in scene],
            "sent_time": moment_text(captured + np.timedelta64(6 * 3600, "s")),
            "_night": night_of(day),
            FAULTY: False,
        }
    ).reset_index(drop=True)  # fmt: skip

"""Who is ill."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import rates, stream


def hypertension(people: pd.DataFrame, seed: int) -> np.ndarray:
    """Which persons have hypertension (from 40 years on)."""
    rng, age = stream(seed, "hypertension"), people["age"].to_numpy()
    return (age >= 40) & (rng.random(len(people)) < rates()["hypertension"] / max(0.01, (age >= 40).mean()))

"""Market regulation: the register of enterprises and what it does with them."""

from simulator.declare import Department

MARKET_REGULATION = Department("market_regulation", organisation="FAKE321000000021")
ENTITY = "market_regulation/entity"

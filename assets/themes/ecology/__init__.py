"""The theme of the environment: air, surface water, black-odorous waters, discharges, water levels, and who governs each water body."""

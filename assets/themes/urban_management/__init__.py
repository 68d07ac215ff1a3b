"""The theme of urban management: cases, places where problems recur, shared bikes, sanitation, advertising, video patrol, markets."""

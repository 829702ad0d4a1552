"""Two schemas of the same place. Never methods or events: those hand their schemas in."""

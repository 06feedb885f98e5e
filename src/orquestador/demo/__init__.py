"""`orquestador demo`: both flows against local sandboxes, compared with the scenario's own sums."""

"""One file per verb; they orchestrate ports and know no adapter."""

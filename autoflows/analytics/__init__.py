"""What happened, in figures: one file per chart under `charts/`, each SQL plus a plotly figure from its rows. See README.md."""

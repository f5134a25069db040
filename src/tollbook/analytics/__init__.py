"""The read path: one file for each question, answered from rollups in one snapshot."""

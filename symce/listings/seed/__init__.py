"""The listings: scripts that are shown and run, never imported, in order of number."""

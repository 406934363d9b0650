"""The language that losses are stated in: its grammar as data, its parser by an allow-list, its syntax tree."""

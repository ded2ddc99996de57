"""What self-contained pages are made of: figures as SVG, tables as data, one style. Knows nothing of what is shown."""

"""Pictures as inline SVG. Colours come from the page's style sheet by class, so that they follow light and dark."""

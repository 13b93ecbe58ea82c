"""What the page's sections show, worked out of a Story; templates only set it."""

"""Functions: what their bodies name, run and change, held against what is said of them."""

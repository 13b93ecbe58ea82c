"""Defects in data and as many look-alikes, as applications of several languages have them, written from the list of
checks alone: no rule was read for it. Each plant says what is wrong where, and in how many rows."""

"""The verb export: Plan → migrations for the tools that teams already have."""

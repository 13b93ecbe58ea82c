"""The command line: each verb parses, calls the API and renders. No logic."""

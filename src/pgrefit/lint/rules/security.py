"""Row security, views that pass it by, and triggers."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.lint.actions import AlterViewOptions, CreatePolicy, CreateTrigger, CreateView, RowSecurity
from pgrefit.lint.rewrites import own_text, script
from pgrefit.lint.rule import Problem, lint_rule
from pgrefit.lint.site import Site
from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Severity
from pgrefit.model.names import Relation


@lint_rule(
    title="Row security without a policy",
    why="Without a policy nobody but the owner sees or writes a row: the application finds an empty table.",
    severity=Severity.WARNING,
    before="CREATE TABLE notes (id bigint PRIMARY KEY, owner text);",
    example="ALTER TABLE notes ENABLE ROW LEVEL SECURITY;",
    clean="ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON notes USING (owner = current_user);",
)
def row_security_without_policies(site: Site) -> Iterator[Problem]:
    """ENABLE ROW LEVEL SECURITY of a table that has no policy before, and is given none in this file."""
    for action in site.actions(RowSecurity):
        table = site.state.find(action.table)
        later = any(isinstance(a, CreatePolicy) and a.table == action.table for s in site.later for a in s.actions)
        if action.enable and not later and not (table and table.policies):
            new = site.state.is_new(action.table)  # then it is meant so: only the service's own role may read it
            unread = any("EXECUTE" in note.text for note in site.migration.notes)  # policies may be made there
            yield Problem(
                message=f"{action.table} has no policy: only its owner sees its rows",
                severity=Severity.INFO if new or unread else None,
                rewrite=script("-- before it, in the same transaction: CREATE POLICY …;", own_text(site.statement)),
            )


@lint_rule(
    title="Row security switched off",
    why="From this moment whoever may read the table sees all of its rows, and the policies say nothing any more.",
    severity=Severity.WARNING,
    others_only=True,
    before="CREATE TABLE notes (id bigint PRIMARY KEY); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"
    "CREATE POLICY some ON notes USING (id > 0);",
    example="ALTER TABLE notes DISABLE ROW LEVEL SECURITY;",
    clean="ALTER TABLE notes NO FORCE ROW LEVEL SECURITY;",
)
def row_security_disabled(site: Site) -> Iterator[Problem]:
    """DISABLE ROW LEVEL SECURITY of a table that was there before."""
    for action in site.on_old(RowSecurity):
        if not action.enable:
            yield Problem(message=f"all rows of {action.table} are seen by whoever may read it")


@lint_rule(
    title="View made again without security_invoker",
    why="CREATE OR REPLACE VIEW forgets the option where it is not written again: from then on the view reads with its"
    " owner's rights, past row security.",
    severity=Severity.ERROR,
    before="CREATE TABLE notes (id bigint PRIMARY KEY); CREATE VIEW mine WITH (security_invoker) AS"
    " SELECT id FROM notes;",
    example="CREATE OR REPLACE VIEW mine AS SELECT id FROM notes WHERE id > 0;",
    clean="CREATE OR REPLACE VIEW mine WITH (security_invoker) AS SELECT id FROM notes WHERE id > 0;",
)
def view_loses_security_invoker(site: Site) -> Iterator[Problem]:
    """A view is replaced, or dropped and made again, that was a security invoker and is none now."""
    for action in site.actions(CreateView):
        before = site.state.views.get(action.table) or site.state.dropped_views.get(action.table)
        if before and before.security_invoker and not action.security_invoker and not _set_later(site, action.table):
            option = ddl("ALTER VIEW {v} SET (security_invoker = true)", v=action.table)
            yield Problem(
                message=f"{action.table} reads with its owner's rights from now on",
                rewrite=script("BEGIN;", own_text(site.statement), option, "COMMIT;"),
            )


def _set_later(site: Site, view: Relation) -> bool:
    changes = (a for s in site.later for a in s.actions)
    return any(isinstance(a, AlterViewOptions) and a.table == view and a.security_invoker for a in changes)


@lint_rule(
    title="View that passes row security by",
    why="A view reads with its owner's rights unless it is a security invoker: whoever may read the view sees"
    " all rows.",
    severity=Severity.WARNING,
    before="CREATE TABLE notes (id bigint PRIMARY KEY); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"
    "CREATE POLICY some ON notes USING (id > 0);",
    example="CREATE VIEW all_notes AS SELECT id FROM notes;",
    clean="CREATE VIEW my_notes WITH (security_invoker) AS SELECT id FROM notes;",
)
def view_passes_row_security_by(site: Site) -> Iterator[Problem]:
    """CREATE VIEW without security_invoker over a table with row security; not of one made anew."""
    for action in site.actions(CreateView):
        guarded = [name for name in sorted(action.reads) if (t := site.state.find(name)) and t.row_security]
        known = site.state.views.get(action.table)
        if guarded and not action.security_invoker and known is None and not _set_later(site, action.table):
            kind = "materialized view" if action.materialized else "view"
            option = ddl("ALTER VIEW {v} SET (security_invoker = true)", v=action.table)
            yield Problem(
                message=f"{kind} {action.table} shows all of {', '.join(map(str, guarded))} to whoever may read it",
                rewrite="" if action.materialized else script("BEGIN;", own_text(site.statement), option, "COMMIT;"),
            )


@lint_rule(
    title="Trigger that runs for every written row",
    why="Each row that is written pays for the call; a WHEN, or a list of columns, spares most of them.",
    severity=Severity.INFO,
    before="CREATE TABLE notes (id bigint PRIMARY KEY, body text);"
    "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';",
    example="CREATE TRIGGER touched BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch();",
    clean="CREATE TRIGGER touched BEFORE UPDATE ON notes FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*)"
    " EXECUTE FUNCTION touch();",
)
def trigger_for_every_row(site: Site) -> Iterator[Problem]:
    """CREATE TRIGGER … FOR EACH ROW without WHEN and without columns, on a table that was there before."""
    for action in site.on_old(CreateTrigger):
        if action.row and action.writes and not action.conditional:
            yield Problem(
                message=f"{action.name} is called for every row that is written to {action.table}",
                evidence=site.size(action.table),
            )

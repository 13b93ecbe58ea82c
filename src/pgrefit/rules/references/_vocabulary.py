"""Words that column and table names are made of, in the singular."""

from __future__ import annotations

from pgrefit.rules._names import MARKS

GENERIC = {
    *MARKS, "code", "name", "no", "nr", "num", "number", "pk", "oid", "rowid", "slug", "value",
    "type", "kind", "date", "day", "time", "title", "email", "status", "state", "version", "position", "hash", "token",
    "seq", "sequence", "url", "path", "label", "order", "level", "year", "month", "phone", "data", "digest", "rank",
    "idx", "index", "line", "period", "count", "timestamp", "description", "createdat",
    "updatedat", "rowguid", "externalid", "publicid", "",
}  # fmt: skip
QUANTITIES = {
    "rating", "score", "point", "amount", "quantity", "price", "size", "length", "weight", "age", "duration",
    "priority", "total", "stock", "balance", "limit", "height", "width", "rate", "cost", "discount", "tax",
}  # fmt: skip
SHORT_FORMS = {
    "acct": "account", "addr": "address", "cntry": "country", "ctry": "country", "dept": "department",
    "grp": "group", "img": "image", "msg": "message", "mgr": "manager", "pmt": "payment", "txn": "transaction",
    "usr": "user", "org": "organization", "whse": "warehouse", "wh": "warehouse", "cust": "customer", "qn": "question",
}  # fmt: skip
PEOPLE = {"user", "account", "person", "employee", "staff", "member", "profile", "worker"}
STAFF = {"employee", "staff", "worker"}
STAFF_ROLES = {"rep", "manager", "supervisor", "agent", "clerk", "boss", "mgr", "salesperson", "operator", "to", "lead"}
ROLES = {
    "author", "owner", "creator", "assignee", "reviewer", "approver", "editor", "sender", "receiver", "recipient",
    "buyer", "seller", "teacher", "instructor", "student", "host", "guest", "grader", "admin", "driver", "tutor",
    "mentor", "requester", "reporter", "sponsor", "moderator", "inviter", "invitee", "friend", "follower", "followee",
    "winner", "actor", "referrer", "referred", "uploader", "by", "user", "person", "submitter", "accessor", "verifier",
    "modifier", "initiator", *STAFF_ROLES,
}  # fmt: skip
ABOVE = {"parent", "ancestor", "root", "child", "previous", "prev", "next", "reply", "predecessor", "successor"}
FILLER = {"tbl", "tab", "table", "t", "tb", "dim", "fact", "app"}
KEPT_BY_DESIGN = {"archive", "archived", "backup", "bak", "old", "tmp", "temp", "staging", "stage", "import",
                  "snapshot", "shadow", "deleted", "quarantine", "trash"}  # fmt: skip
RECORDS = {"log", "audit", "history", "journal", "trail", "revision"}
HIERARCHY = {"parent", "manager", "supervisor", "boss", "superior", "ancestor", "reply", "mgr"}
TO = {"report", "assigned", "assign", "delegated", "belong"}  # reports_to
LISTS = {"reserved", "blocked", "banned", "blacklist", "denylist", "allowlist", "allowed", "disposable"}  # of values
